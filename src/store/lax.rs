//! Field values of whatever type: parser events enter, text, numbers, lists or nothing leave.
//!
//! No value makes these fail, so that a field of the wrong type costs only that field.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The visits that only take the value away.
macro_rules! ignore_scalars {
    ($value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}
macro_rules! ignore_numbers_and_text {
    ($value:expr) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i128<E>(self, _: i128) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

pub(super) use {ignore_numbers_and_text, ignore_scalars};

/// Reads a list to its end and keeps nothing.
pub(super) fn drain<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A field value of whatever type, as far as any field needs it.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Lax {
    #[default]
    Nothing,
    Text(String),
    Number(i64),
    Flag(bool),
    /// The texts of a list.
    List(Vec<String>),
    /// The wanted fields of an object that hold text or a whole number.
    Object(Vec<(String, String)>),
}

/// The fields of `origin` and `deliveryContext` that are kept.
const WANTED: [&str; 4] = ["from", "to", "channel", "chatType"];

impl Lax {
    pub fn text(&self) -> Option<String> {
        if let Lax::Text(text) = self { Some(text.clone()).filter(|text| !text.trim().is_empty()) } else { None }
    }
    /// Text, or a number as text: chat ids are written both ways.
    pub fn id(&self) -> Option<String> {
        if let Lax::Number(number) = self { Some(number.to_string()) } else { self.text() }
    }
    pub fn number(&self) -> Option<i64> {
        if let Lax::Number(number) = self { Some(*number) } else { None }
    }
    pub fn count(&self) -> Option<u64> {
        self.number().and_then(|number| u64::try_from(number).ok())
    }
    pub fn inner(&self, key: &str) -> Option<String> {
        let Lax::Object(fields) = self else { return None };
        // The last one counts, as in JavaScript.
        fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }
}

impl<'de> Deserialize<'de> for Lax {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Lax;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Lax, E> {
                Ok(Lax::Flag(flag))
            }
            fn visit_unit<E>(self) -> Result<Lax, E> {
                Ok(Lax::Nothing)
            }
            fn visit_i64<E>(self, number: i64) -> Result<Lax, E> {
                Ok(Lax::Number(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Lax, E> {
                Ok(i64::try_from(number).map_or(Lax::Nothing, Lax::Number))
            }
            fn visit_i128<E>(self, number: i128) -> Result<Lax, E> {
                Ok(i64::try_from(number).map_or(Lax::Nothing, Lax::Number))
            }
            fn visit_u128<E>(self, number: u128) -> Result<Lax, E> {
                Ok(i64::try_from(number).map_or(Lax::Nothing, Lax::Number))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Lax, E> {
                // Whole numbers beyond 2^53 are not exact, and no time or count is that large.
                let fits = number.is_finite() && number.abs() < 9_007_199_254_740_992.0;
                #[allow(clippy::cast_possible_truncation)]
                Ok(if fits { Lax::Number(number.floor() as i64) } else { Lax::Nothing })
            }
            fn visit_str<E>(self, text: &str) -> Result<Lax, E> {
                Ok(Lax::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lax, A::Error> {
                let mut list = Vec::new();
                while let Some(Scalar(text)) = seq.next_element()? {
                    list.extend(text.filter(|text| !text.is_empty()));
                }
                Ok(Lax::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lax, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !WANTED.contains(&key.as_str()) {
                        map.next_value::<IgnoredAny>()?;
                    } else if let Scalar(Some(text)) = map.next_value()? {
                        fields.push((key, text));
                    }
                }
                Ok(Lax::Object(fields))
            }
        }
        parser.deserialize_any(V)
    }
}

/// Text, or a whole number as text; anything else is nothing.
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("any value")
            }
            ignore_scalars!(Scalar(None));
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_i128<E>(self, number: i128) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_u128<E>(self, number: u128) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar((number.fract() == 0.0).then(|| number.to_string())))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar, A::Error> {
                drain(seq).map(|()| Scalar(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        parser.deserialize_any(V)
    }
}
