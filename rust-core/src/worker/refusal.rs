//! Completions that can't be used: what is said of them, as far as their bytes can be read.

use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::{Value, json};
use temporalio_common::protos::coresdk::workflow_commands::WorkflowCommand;

use super::outstanding::Nature;
use crate::{error::Error, event::EventKind};

/// Why a completion can't be used.
pub struct Refusal {
    pub error: Error,
    /// The task that the completion is of, by its key, when the host has it: Core still waits for it.
    pub task: Option<(Vec<u8>, Nature)>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, task: None }
    }
}

/// What the completions of all kinds have in common, read no deeper: messages in messages may be what is wrong.
#[derive(Clone, PartialEq, Message)]
pub struct Outline {
    /// The task that it is of.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    success: Option<Success>,
}

#[derive(Clone, PartialEq, Message)]
struct Success {
    #[prost(bytes = "vec", repeated, tag = "1")]
    commands: Vec<Vec<u8>>,
}

impl Outline {
    /// What can be read before something is wrong.
    pub fn of(data: &[u8]) -> Self {
        let mut outline = Self::default();
        // What was read stays.
        let _ = outline.merge(data);
        outline
    }

    /// The task as the error document has it.
    pub fn failed_task(&self, kind: EventKind) -> Value {
        if kind != EventKind::WorkflowActivation {
            return json!({ "kind": kind as u8, "taskToken": STANDARD.encode(&self.key) });
        }
        let commands = self.success.iter().flat_map(|success| &success.commands);
        let commands: Vec<_> = commands.map(|command| name(command)).collect();
        json!({ "kind": kind as u8, "runId": String::from_utf8_lossy(&self.key), "commands": commands })
    }
}

/// The name of a command, which its first field says.
fn name(command: &[u8]) -> String {
    let mut rest = command;
    let empty = prost::encoding::decode_key(&mut rest).map(|(tag, wire_type)| {
        let mut bytes = Vec::new();
        prost::encoding::encode_key(tag, wire_type, &mut bytes);
        bytes.push(0);
        bytes
    });
    let command = WorkflowCommand::decode(empty.unwrap_or_default().as_slice()).unwrap_or_default();
    let text = command.to_string();
    text.split('(').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::coresdk::{
        workflow_commands::{StartTimer, workflow_command::Variant},
        workflow_completion::WorkflowActivationCompletion,
    };

    #[test]
    fn an_outline_is_read_of_what_can_not_be_decoded() {
        let commands = vec![
            Variant::StartTimer(StartTimer::default()),
            Variant::FailWorkflowExecution(Default::default()),
        ];
        let mut data = WorkflowActivationCompletion::from_cmds("run", commands).encode_to_vec();
        data.push(0xff);
        assert!(WorkflowActivationCompletion::decode(data.as_slice()).is_err());
        let task = Outline::of(&data).failed_task(EventKind::WorkflowActivation);
        assert_eq!(
            task,
            json!({ "kind": 5, "runId": "run", "commands": ["StartTimer", "FailWorkflowExecution"] })
        );
        assert!(Outline::of(b"\xff").key.is_empty());
    }

    #[test]
    fn a_command_without_a_variant_is_called_empty() {
        assert_eq!(name(b""), "Empty");
        assert_eq!(name(b"\xff"), "Empty");
    }
}
