//! More headers of a model's requests.

use super::super::super::fault::{Fault, Short};
use super::super::super::model::is_key_header;
use super::super::super::reference::References;
use super::super::super::written::Names;

/// What the host says itself.
const OURS: [&str; 6] =
    ["content-type", "content-length", "host", "transfer-encoding", "connection", "accept-encoding"];

/// Names in lower case, and values.
pub(super) fn headers(written: Names, references: &References<'_>) -> Result<Vec<(String, String)>, Fault> {
    let mut headers: Vec<(String, String)> = Vec::with_capacity(written.len());
    for (name, value) in written {
        let lower = name.to_ascii_lowercase();
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if lower.is_empty() || !lower.bytes().all(is_token) {
            return Err(Fault::new(format!("`{}` cannot be a header's name", Short(&name))).at(name.place));
        }
        if OURS.contains(&lower.as_str()) {
            return Err(Fault::new(format!("the header `{lower}` is the host's own")).at(name.place));
        }
        if headers.iter().any(|(earlier, _)| *earlier == lower) {
            return Err(Fault::new(format!("the header `{lower}` stands twice")).at(name.place));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Fault::new(format!("the header `{lower}` has more than one line")).at(value.place));
        }
        if is_key_header(&lower) && !references.has_secret(value.place) {
            let fault = Fault::new(format!("the header `{lower}` is a key, which does not stand in a pipeline file"));
            return Err(fault.at(value.place).help("take it from a secret parameter, as in `Bearer $(NAME)`"));
        }
        headers.push((lower, value.value));
    }
    Ok(headers)
}
