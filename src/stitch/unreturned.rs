//! A tool call that never returned in, the entry that says so to the model out.

use crate::time::iso;

/// What the model reads in the place of the result.
pub const TEXT: &str = "The session was cut before this tool call returned; its result is not known.";

/// The result of a call that has none: an error of that time, hung on `parent`.
pub fn unreturned(call: &str, tool: &str, id: &str, parent: Option<&str>, at_ms: i64) -> serde_json::Value {
    let message = serde_json::json!({
        "role": "toolResult", "toolCallId": call, "toolName": tool,
        "content": [{"type": "text", "text": TEXT}], "isError": true, "timestamp": at_ms,
    });
    serde_json::json!({"type": "message", "id": id, "parentId": parent, "timestamp": iso(at_ms), "message": message})
}
