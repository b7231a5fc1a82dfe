/** Entry of a workflow thread, a Bun Worker. */
import { NativeWorkflowThread, useLibrary } from "../../native";
import type { FromThread, ToThread } from "./thread-messages";
import { ask } from "./thread-question";
import { workflowReceiver } from "./workflow-executor";

declare const self: {
  postMessage(message: FromThread): void;
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
};

const send = (message: FromThread) => self.postMessage(message);
let receive: (message: ToThread) => void;

self.onmessage = ({ data }) => {
  if (data.type !== "library") return receive(data);
  useLibrary(data.location);
  receive = workflowReceiver({
    native: new NativeWorkflowThread(),
    send,
    ask: (question) => ask((memory) => send({ type: "question", question, memory })),
  });
};
