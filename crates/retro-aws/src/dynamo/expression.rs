//! Conditions and updates, with their names and values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;

/// An update of one item under a condition. Every name and value goes by a placeholder: some of the
/// names are words that DynamoDB keeps for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// Each attribute with the placeholders of its name and value.
    set: Vec<(String, String, String)>,
    remove: Vec<(String, String)>,
    condition: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Change {
    fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(super) fn set(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push((attribute.to_owned(), name, value));
    }

    /// Sets each attribute of an item.
    pub(super) fn set_all(&mut self, item: Item) {
        for (attribute, value) in item {
            self.set(&attribute, value);
        }
    }

    pub(super) fn remove(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.remove.push((attribute.to_owned(), name));
    }

    /// The item must exist: every item has the attribute.
    pub(super) fn expect_present(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.condition.push(format!("attribute_exists({name})"));
    }

    /// The attribute must have the value it has in `item`, or be absent as it is there.
    pub(super) fn expect_same(&mut self, item: &Item, attribute: &str) {
        let name = self.name(attribute);
        let condition = match item.get(attribute) {
            Some(value) => {
                let value = self.value(value.clone());
                format!("{name} = {value}")
            }
            None => format!("attribute_not_exists({name})"),
        };
        self.condition.push(condition);
    }

    pub(super) fn expect(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.condition.push(format!("{name} = {value}"));
    }

    /// The condition; an update without one is not made here.
    pub(super) fn condition(&self) -> String {
        self.condition.join(" AND ")
    }

    pub(super) fn update(&self) -> String {
        let mut parts = Vec::new();
        if !self.set.is_empty() {
            let set = self.set.iter();
            let set: Vec<String> = set
                .map(|(_, name, value)| format!("{name} = {value}"))
                .collect();
            parts.push(format!("SET {}", set.join(", ")));
        }
        if !self.remove.is_empty() {
            let names: Vec<&str> = self.remove.iter().map(|(_, name)| name.as_str()).collect();
            parts.push(format!("REMOVE {}", names.join(", ")));
        }
        parts.join(" ")
    }

    /// Whether an item is as this update leaves it.
    pub(super) fn is_done(&self, item: &Item) -> bool {
        let set = |(attribute, _, value): &(String, String, String)| {
            item.get(attribute).is_some() && item.get(attribute) == self.values.get(value)
        };
        self.set.iter().all(set)
            && !self
                .remove
                .iter()
                .any(|(attribute, _)| item.contains_key(attribute))
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::{number, text};
    use super::*;

    #[test]
    fn an_absent_attribute_is_expected_to_stay_absent() {
        let item = Item::from([("status".to_owned(), text("PENDING"))]);
        let mut change = Change::default();
        change.expect_same(&item, "status");
        change.expect_same(&item, "lease_owner");
        change.set("attempts", number(1));
        change.remove("verdict");
        assert_eq!(
            change.condition(),
            "#status = :v0 AND attribute_not_exists(#lease_owner)"
        );
        assert_eq!(change.update(), "SET #attempts = :v1 REMOVE #verdict");
        assert_eq!(change.names.len(), 4);
        assert!(!change.is_done(&item));
        let done = Item::from([("attempts".to_owned(), number(1))]);
        assert!(change.is_done(&done));
    }
}
