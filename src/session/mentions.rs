//! The references to images of a transcript in, each file once out.

use std::collections::{HashMap, HashSet};

use super::{ImageSource, ReferenceForm, Session};
use crate::foreign::basename;
use crate::signal::image::ImageForm;

/// A file that a transcript names as an image.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// Index of the entry that names it first.
    pub entry: u32,
    /// The path, as it is written there.
    pub path: &'a str,
    /// The message that names it first holds an image inline. The loader shows that one, so a dead path beside it costs nothing.
    pub beside: bool,
    /// Messages that name it.
    pub times: u64,
    /// The gateway wrote it at least once, as far as the form tells; otherwise it is a path in the words of a text.
    pub attached: bool,
    /// Only ever named as sent by the assistant, which never saw it.
    pub sent: bool,
}

/// Every file that is named, once: paths that end in the same name are one file, since OpenClaw names media files by uuid.
pub fn mentions(session: &Session) -> Vec<Mention<'_>> {
    let mut found: Vec<Mention<'_>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let inline = entries_with_inline(session);
    for image in &session.images {
        let ImageSource::Reference { form, path: Some(path) } = &image.source else { continue };
        let at = *known.entry(basename(path).to_lowercase()).or_insert(found.len());
        let beside = inline.contains(&image.entry);
        if at == found.len() {
            found.push(Mention { entry: image.entry, path, beside, times: 0, attached: false, sent: true });
        }
        if let Some(mention) = found.get_mut(at) {
            mention.times += 1;
            mention.attached |= is_attachment(*form);
            mention.sent &= *form == ReferenceForm::Text(ImageForm::MediaLine);
        }
    }
    found
}

/// Entries that hold an image inline which can be decoded.
pub fn entries_with_inline(session: &Session) -> HashSet<u32> {
    let whole = |source: &ImageSource| matches!(source, ImageSource::Inline { flaw: None, .. });
    session.images.iter().filter(|image| whole(&image.source)).map(|image| image.entry).collect()
}

/// Whether a reference has a form that the gateway gives to what a channel brought.
fn is_attachment(form: ReferenceForm) -> bool {
    match form {
        ReferenceForm::Field => true,
        ReferenceForm::Text(form) => matches!(form, ImageForm::MediaAttached | ImageForm::ImageSource | ImageForm::MediaUri),
    }
}
