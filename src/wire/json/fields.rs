//! Which fields each command has in JSON, found out by asking its type: for the test of the handbook, and for hostile clients.

use std::collections::BTreeMap;

use serde_json::Value;

use super::decode;
use crate::command::Verb;
use crate::error::ChatError;

/// What some field takes: one of them fits.
const SAMPLES: [&str; 3] = ["\"x\"", "1", "\"eA==\""];

/// The fields of each command beside `type` and `tag`; a `!` marks one that must be there.
pub fn fields(verb: Verb) -> Vec<String> {
    let kind = verb.spec().name;
    let mut must: BTreeMap<&str, usize> = BTreeMap::new();
    loop {
        let sample = |(name, sample): (&&str, &usize)| format!(",\"{name}\":{}", SAMPLES[sample % SAMPLES.len()]);
        let line = format!("{{\"type\":\"{kind}\"{}}}", must.iter().map(sample).collect::<String>());
        match decode(line.as_bytes()) {
            Err((_, ChatError::Missing { field, .. })) => drop(must.insert(field, 0)),
            Err((_, ChatError::BadField { field, .. })) if must[field] + 1 < SAMPLES.len() => {
                must.entry(field).and_modify(|sample| *sample += 1);
            }
            Err((_, refusal)) => panic!("no sample fits {kind}: {refusal}"),
            Ok((_, command)) => {
                let all = serde_json::to_value(command).expect("a command has only string keys");
                let own = all.get(kind).unwrap_or(&all).as_object();
                let names = own.into_iter().flatten().map(|(name, _): (&String, &Value)| name.clone());
                let marked = |name: String| if must.contains_key(&*name) { name + "!" } else { name };
                return names.filter(|name| name != "type").map(marked).collect();
            }
        }
    }
}
