//! Rules about calls, answers and branches against transcripts in shorthand: what each finds, and where the path leads
//! when it is mended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const SESSION: &str = "3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52";
/// Rules whose findings are told.
const TOLD: [&str; 10] = ["CF213", "CF301", "CF303", "CF309", "CF401", "CF402", "CF403", "CF404", "CF411", "CF312"];

/// A transcript in shorthand, one entry a word: `id<parent@second:what=rest`. What it is: `u`ser, `a`ssistant, `c`all,
/// `r`esult, `m`irror, custom message `k`, compaction `z`; the rest is its text, or the id of the call, or of the entry kept.
fn transcript(header: &str, entries: &str) -> String {
    let time = |seconds: &str| {
        let seconds: u32 = seconds.parse().unwrap();
        format!("2026-03-02T09:{:02}:{:02}.000Z", seconds / 60, seconds % 60)
    };
    let mut text = json!({"type": "session", "version": 3, "id": header, "timestamp": time("0"), "cwd": "/home/robin/clawd"}).to_string();
    for word in entries.split_whitespace() {
        let (id, rest) = word.split_once('<').unwrap();
        let (parent, rest) = rest.split_once('@').unwrap();
        let (seconds, rest) = rest.split_once(':').unwrap();
        let (what, rest) = rest.split_once('=').unwrap();
        let words = json!([{"type": "text", "text": rest}]);
        let assistant = |content: Value, provider: &str, model: &str| {
            json!({"role": "assistant", "content": content, "api": "anthropic-messages", "provider": provider, "model": model,
                   "stopReason": "stop", "usage": {"input": 1, "output": 1, "totalTokens": 2}})
        };
        let message = match what {
            "u" => json!({"role": "user", "content": words}),
            "a" => assistant(words, "anthropic", "m1"),
            "c" => assistant(json!([{"type": "toolCall", "id": rest, "name": "exec", "arguments": {"command": "ls"}}]), "anthropic", "m1"),
            "m" => assistant(words, "openclaw", "delivery-mirror"),
            "r" => {
                json!({"role": "toolResult", "toolCallId": rest, "toolName": "exec", "content": [{"type": "text", "text": "ok"}], "isError": false})
            }
            _ => Value::Null,
        };
        let parent = if parent == "-" { Value::Null } else { json!(parent) };
        let mut entry = json!({"type": "message", "id": id, "parentId": parent, "timestamp": time(seconds), "message": message});
        let fields = match what {
            "k" => json!({"type": "custom_message", "customType": "x", "content": rest, "display": true}),
            "z" => json!({"type": "compaction", "summary": "S", "firstKeptEntryId": rest, "tokensBefore": 9}),
            _ => json!({}),
        };
        if let Some(fields) = fields.as_object().filter(|fields| !fields.is_empty()) {
            entry.as_object_mut().unwrap().remove("message");
            entry.as_object_mut().unwrap().extend(fields.clone());
        }
        text.push_str(&format!("\n{entry}"));
    }
    text + "\n"
}

struct Case {
    tmp: tempfile::TempDir,
}

impl Case {
    fn new(header: &str, entries: &str) -> Case {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path().join(".openclaw/agents/main/sessions");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(format!("{SESSION}.jsonl")), transcript(header, entries)).unwrap();
        Case { tmp }
    }

    fn state(&self) -> std::path::PathBuf {
        self.tmp.path().join(".openclaw")
    }

    fn run(&self, args: &[&str]) -> String {
        let elsewhere: &Path = &self.tmp.path().join("elsewhere");
        let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
        command.args(args).arg(self.state()).env("HOME", self.tmp.path()).env("OPENCLAW_STATE_DIR", elsewhere);
        let out = command.env_remove("CLAWDBOT_STATE_DIR").output().unwrap();
        assert!(out.status.code().is_some_and(|code| code <= 2), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    fn findings(&self) -> Vec<Value> {
        let out = self.run(&["scan", "--all", "--fail-on", "none", "--format", "json", "--quiet"]);
        let report: Value = serde_json::from_str(&out).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.filter(|finding| TOLD.iter().any(|code| finding["rule"] == *code)).cloned().collect()
    }

    /// Each finding as rule, severity, line, and how it is mended.
    fn told(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let told = |finding: &Value| ["rule", "severity", "line", "fixable"].map(|key| text(&finding[key])).join(" ");
        let mut told: Vec<String> = self.findings().iter().map(told).collect();
        told.sort();
        told
    }

    /// The ids from the root to the last entry.
    fn path(&self) -> String {
        let file = self.state().join(format!("agents/main/sessions/{SESSION}.jsonl"));
        let lines: Vec<Value> = fs::read_to_string(file).unwrap().lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        let by_id: HashMap<&str, &Value> = lines.iter().map(|line| (line["id"].as_str().unwrap(), line)).collect();
        let mut path = Vec::new();
        let mut at = lines.last();
        while let Some(line) = at {
            path.push(line["id"].as_str().unwrap());
            at = line["parentId"].as_str().and_then(|id| by_id.get(id)).copied();
        }
        path.reverse();
        path.join(" ")
    }
}

#[test]
fn what_is_found_and_where_the_path_leads_when_it_is_mended() {
    // Transcript, findings, path behind the repair, findings that are left.
    let table: [(&str, &[&str], &str, &[&str]); 16] = [
        // The result before its call: the links change places, nothing is made up, and no line moves.
        ("u<-@0:u=q r<u@2:r=x c<r@1:c=x f<c@3:a=done v<f@9:u=p g<v@10:a=k", &["CF404 warning 4 safe"], "u c r f v g", &[]),
        // A steering message between call and result, which the guard moves, and an assistant, which it does not.
        ("u<-@0:u=q c<u@1:c=x s<c@2:u=hm r<s@3:r=x f<r@4:a=done", &["CF404 info 3 safe"], "u c r s f", &[]),
        ("u<-@0:u=q c<u@1:c=x s<c@2:k=hm r<s@3:r=x f<r@4:a=done", &["CF404 info 3 safe"], "u c r s f", &[]),
        ("u<-@0:u=q c<u@1:c=x s<c@2:u=hm b<s@3:a=yes r<b@4:r=x f<r@5:a=done", &["CF404 warning 3 safe"], "u c r s b f", &[]),
        // The answer hangs beside a mirror, from which the log goes on, or with which it ends.
        ("u<-@0:u=q c<u@1:c=x r<c@2:r=x f<r@3:a=done m<c@4:m=note v<m@9:u=p g<v@10:a=k", &["CF401 warning 3 safe"], "u c r f m v g", &[]),
        ("u<-@0:u=q c<u@1:c=x r<c@2:r=x f<r@3:a=done m<c@4:m=note", &["CF401 warning 3 safe"], "u c r f m", &[]),
        // More calls on the way; the last one has no result, and is not followed.
        (
            "u<-@0:u=q c<u@1:c=x r<c@2:r=x d<r@3:c=y s<d@4:r=y e<s@5:a=done h<e@6:c=w m<c@7:m=note v<m@9:u=p g<v@10:a=k",
            &["CF401 warning 3 safe"],
            "u c r d s e m v g",
            &[],
        ),
        // What was said after the log had gone on stays where it is, and so does what a person said.
        (
            "u<-@0:u=q c<u@1:c=x r<c@2:r=x m<c@4:m=note v<m@9:u=p g<v@10:a=k f<r@11:a=late w<g@20:u=o h<w@21:a=k2",
            &["CF401 warning 3 safe"],
            "u c r m v g w h",
            &[],
        ),
        // Nothing is hidden: the run may be going on.
        ("u<-@0:u=q c<u@1:c=x m<c@2:m=note", &["CF401 info 3 none"], "u c m", &["CF401 info 3 none"]),
        // Two writers by turns: each answer belongs to the question that it hangs on.
        (
            "a<-@0:u=a b<a@1:a=b l<b@10:u=lost s<b@11:u=seen m<l@12:a=m t<s@13:a=t n<m@20:u=n w<t@21:u=w o<n@22:a=o x<w@23:a=x",
            &["CF309 warning 4 none"],
            "a b s t w x",
            &["CF309 warning 4 none"],
        ),
        (
            "a<-@0:u=a b<a@1:a=b l<b@10:u=lost s<b@11:u=seen m<l@12:a=m t<s@13:a=t",
            &["CF309 warning 4 none"],
            "a b s t",
            &["CF309 warning 4 none"],
        ),
        // A question on the branch that nobody answered there.
        ("a<-@0:u=a b<a@1:a=b l<b@10:u=lost s<b@11:u=seen t<s@13:a=t", &[], "a b s t", &[]),
        // A compaction on the branch would hide what stands before it.
        (
            "a<-@0:u=a b<a@1:a=b l<b@10:u=lost m<l@11:a=m z<m@12:z=l n<z@13:u=n o<n@14:a=o s<b@60:u=seen t<s@61:a=t",
            &["CF309 warning 4 none"],
            "a b s t",
            &["CF309 warning 4 none"],
        ),
        // The fork is an entry that stands twice, and goes with the copy.
        ("a<-@0:u=a b<a@1:a=b c<b@10:u=c d<c@11:a=d b<a@1:a=b", &["CF301 error 6 safe"], "a b c d", &[]),
        // The same answer twice within seconds; later, as a mirror, or with a message between it is none.
        ("a<-@0:u=a b<a@1:a=done c<b@3:a=done d<c@4:u=x", &["CF411 info 4 none"], "a b c d", &["CF411 info 4 none"]),
        (
            "a<-@0:u=a b<a@1:a=done c<b@30:a=done m<c@31:m=done d<m@32:u=x e<d@33:a=done f<e@34:a=full g<f@35:u=y h<g@36:a=full",
            &[],
            "a b c m d e f g h",
            &[],
        ),
    ];
    for (entries, found, path, left) in table {
        let case = Case::new(SESSION, entries);
        assert_eq!(case.told(), found, "{entries}: {:#?}", case.findings());
        case.run(&["repair", "--unsafe-fixes", "--apply", "--quiet", "--select", "CF301,CF309,CF401,CF404"]);
        assert_eq!(case.path(), path, "{entries}");
        assert_eq!(case.told(), left, "{entries}, mended");
    }
}

#[test]
fn messages_and_next_steps_are_exact() {
    let of = |case: &Case, code: &str, key: &str| {
        let findings = case.findings();
        findings.iter().find(|finding| finding["rule"] == code).map(|finding| finding[key].as_str().unwrap().to_owned()).unwrap()
    };
    let case = Case::new(SESSION, "a<-@0:u=a b<a@1:a=b l<b@10:u=l s<b@11:u=s m<l@12:a=m t<s@13:a=t");
    let (message, help) = (of(&case, "CF309", "message"), of(&case, "CF309", "help"));
    assert!(message.ends_with("; it is not grafted, since it and the branch that the model sees overlap in time"), "{message}");
    assert!(help.starts_with("clawfix show ") && help.ends_with(SESSION), "{help}");
    let case = Case::new(SESSION, "a<-@0:u=a b<gone@1:a=b");
    let message = of(&case, "CF303", "message");
    assert!(message.contains("; 1 message before it is out of the model's sight"), "{message}");
    let entries = "a<-@0:u=a b<a@1:a=b";
    assert!(Case::new(&SESSION.to_uppercase(), entries).told().is_empty(), "case is no difference");
    assert_eq!(Case::new("11111111-1111-4111-8111-111111111111", entries).told(), ["CF213 info 1 unsafe"]);
}
