//! Lines that are made already, with one tag more. Does not know what they say.

use super::Out;

/// Appends whole `lines` to `out`, each with this tag before its others. A line that is in a batch is in no second one.
pub fn added(lines: &[u8], name: &'static str, value: &str, out: &mut Vec<u8>) {
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        if name == "batch" && line.starts_with(b"@batch=") {
            out.extend_from_slice(line);
            continue;
        }
        Out::new(out).tag(name, value).before(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_before_the_others_of_each_line() {
        let mut out = Vec::new();
        added(b"@a=1;b :x Y\r\n:x Y :@z\r\n@batch=2 :x Z\r\n", "batch", "1", &mut out);
        assert_eq!(out, b"@batch=1;a=1;b :x Y\r\n@batch=1 :x Y :@z\r\n@batch=2 :x Z\r\n");
    }
}
