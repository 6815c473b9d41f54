//! docs/configuration.md holds every key that is declared, and no other.

use std::collections::BTreeSet;
use std::path::Path;

use clawfix::config::Effective;
use clawfix::config::keys::{KEYS, Places, Values};
use toml::de::DeTable;

#[test]
fn every_key_is_documented_and_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(headings, names, "in the same order");
    for key in KEYS {
        let (_, section) = text.split_once(&format!("### `{}`\n\n", key.name)).unwrap();
        let section = section.split("\n#").next().unwrap();
        let default = (key.show)(&Effective::defaults()).map_or_else(|| key.unset.to_owned(), |value| format!("`{value}`"));
        let flag = key.flag.map(|flag| format!(" Command line: `{flag}`.")).unwrap_or_default();
        assert_eq!(section.trim(), format!("{}\n\nDefault: {default}.{flag}", key.doc), "{}", key.name);
    }
}

/// The example of each key is TOML that the key takes, and what it shows is taken again.
#[test]
fn every_key_reads_its_example_and_what_it_prints() {
    let folder = std::env::temp_dir();
    let places = Places { folder: &folder, home: None };
    let mut seen = BTreeSet::new();
    for key in KEYS {
        assert!(seen.insert(key.name), "{} is declared once", key.name);
        let read = |text: &str| {
            let table = DeTable::parse(text).unwrap();
            let mut at = table.get_ref().get(key.name.split('.').next().unwrap()).unwrap().get_ref();
            for part in key.name.split('.').skip(1) {
                at = at.as_table().unwrap().get(part).unwrap().get_ref();
            }
            let mut values = Values::default();
            (key.take)(at, &places, &mut values).unwrap_or_else(|wrong| panic!("{}: {wrong:?}", key.name));
            values
        };
        let values = read(key.example);
        assert_ne!(values, Values::default(), "{} sets something", key.name);
        let shown = (key.show)(&values).unwrap();
        assert_eq!(read(&format!("{} = {shown}", key.name)), values, "{}: {shown}", key.name);
    }
}
