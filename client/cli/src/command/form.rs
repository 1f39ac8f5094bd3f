//! Users as people write them, in JSON.

/// A user.
pub(super) mod address {
    use holm_protocol::UserUri;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(in crate::command) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<UserUri, D::Error> {
        let text = String::deserialize(from)?;
        UserUri::from_address(&text).map_err(|e| D::Error::custom(format!("{text:?}: {e}")))
    }
}

/// Users.
pub(super) mod addresses {
    use holm_protocol::UserUri;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(in crate::command) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<UserUri>, D::Error> {
        let parse = |text: &String| {
            UserUri::from_address(text).map_err(|e| D::Error::custom(format!("{text:?}: {e}")))
        };
        Vec::<String>::deserialize(from)?
            .iter()
            .map(parse)
            .collect()
    }
}
