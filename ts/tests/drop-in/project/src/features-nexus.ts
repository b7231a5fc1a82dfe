import * as nexus from "nexus-rpc";

export const greetings = nexus.service("greetings", {
  quickly: nexus.operation<string, string>(),
  slowly: nexus.operation<string, string>(),
});
