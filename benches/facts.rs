//! Throughput of the checks that see every byte of a text, beside counting a byte with memchr, which is about as fast as a
//! text can be looked at. All see the same chunks of 64 KiB, as the reader hands them out.
#![allow(missing_docs)]

use std::hint::black_box;

use clawfix::picture::Base64Check;
use divan::{Bencher, counter::BytesCount};

fn main() {
    divan::main();
}

const CHUNK: usize = 64 * 1024;

/// One MiB of base64.
fn base64() -> Vec<u8> {
    b"iVBORw0KGgoA+/9z".repeat(64 * 1024)
}

#[divan::bench]
fn base64_check(bencher: Bencher) {
    let text = base64();
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let mut check = Base64Check::default();
        text.chunks(CHUNK).for_each(|chunk| check.push(chunk));
        assert!(black_box(check.verdict()).is_ok());
    });
}

#[divan::bench]
fn base64_check_escaped_slashes(bencher: Bencher) {
    let text = b"iVBORw0KGgoAiVBORw0KGgoAiVBORw0KGgoAiVBORw0KGgoAiVBORw0KGgo\\/".repeat(16 * 1024);
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let mut check = Base64Check::default();
        text.chunks(CHUNK).for_each(|chunk| check.push(chunk));
        assert!(black_box(check.verdict()).is_ok());
    });
}

#[divan::bench]
fn base64_memchr_count(bencher: Bencher) {
    let text = base64();
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        black_box(text.chunks(CHUNK).map(|chunk| memchr::memchr_iter(b'"', chunk).count()).sum::<usize>());
    });
}
