import { type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';
import { defaultPayloadConverter } from '@temporalio/common';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async handleUpdate(input, next) {
        const result = await next(input);
        return typeof result === 'number' ? result * 1 : result;
      },
    },
  ],
  outbound: [
    {
      async scheduleActivity(input, next) {
        return next({ ...input, headers: { ...input.headers, workflow: defaultPayloadConverter.toPayload(workflowInfo().workflowType) } });
      },
    },
  ],
});
