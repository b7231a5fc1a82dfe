import { defaultPayloadConverter } from "@temporalio/common";
import { type WorkflowInterceptorsFactory, workflowInfo } from "@temporalio/workflow";

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async handleUpdate(input, next) {
        const result = await next(input);
        return typeof result === "number" ? result * 1 : result;
      },
    },
  ],
  outbound: [
    {
      async scheduleActivity(input, next) {
        return next({
          ...input,
          headers: { ...input.headers, workflow: defaultPayloadConverter.toPayload(workflowInfo().workflowType) },
        });
      },
    },
  ],
});
