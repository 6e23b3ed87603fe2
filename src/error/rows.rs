//! What each row of the table of refusals becomes: a variant, its code, its value, its sentence. Knows no refusal.

/// A sentence of the table: words that name the fields, or what is made of them.
macro_rules! say {
    ($f:ident, $words:literal) => {
        write!($f, $words)
    };
    ($f:ident, $made:expr) => {
        write!($f, "{}", $made)
    };
}

/// Each row: a refusal with its fields, its code, its value, its sentence. A
/// code in brackets is found out from the fields: such codes are listed at the end.
macro_rules! refusals {
    (
        $($(#[$about:meta])* $name:ident
            $(($($part:ident: $type:ty),+))? $({$($(#[$told:meta])* $field:ident: $of:ty,)+})?
            = $($code:literal)? $([$found:expr])?, $value:expr, $words:tt;)+
        => $($other:ident $other_code:literal;)+
    ) => {
        /// A refusal. The session that caused it goes on, and nobody else notices.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ChatError {
            $($(#[$about])* $name $(($($type),+))? $({$($(#[$told])* $field: $of,)+})?),+
        }

        /// The stable word for a refusal, in kebab case on the wire.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs)] // each is described in ChatError, or in names::Flaw
        #[non_exhaustive]
        pub enum Code {
            $($(#[serde(rename = $code)] $name,)?)+
            $(#[serde(rename = $other_code)] $other,)+
            /// One that a newer server has.
            #[serde(untagged)]
            Unknown(Arc<str>),
        }

        impl Code {
            /// All that this version has.
            pub const ALL: &[Code] = &[$($({ let _ = $code; Code::$name },)?)+ $(Code::$other),+];

            /// As it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $($(Code::$name => $code,)?)+
                    $(Code::$other => $other_code,)+
                    Code::Unknown(code) => code,
                }
            }
        }

        #[allow(unused_variables)] // not each row needs each field for each of these
        impl ChatError {
            /// The stable code.
            pub fn code(&self) -> Code {
                match self {
                    $(ChatError::$name $(($($part),+))? $({$($field),+})? => $({ let _ = $code; Code::$name })? $($found)?),+
                }
            }

            /// The value that gave offence, as it came; empty where there is none.
            pub fn value(&self) -> String {
                match self {
                    $(ChatError::$name $(($($part),+))? $({$($field),+})? => $value.to_string()),+
                }
            }
        }

        #[allow(unused_variables)]
        impl fmt::Display for ChatError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(ChatError::$name $(($($part),+))? $({$($field),+})? => say!(f, $words)),+
                }
            }
        }
    };
}

pub(super) use {refusals, say};
