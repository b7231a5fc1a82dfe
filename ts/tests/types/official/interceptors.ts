/** Interceptors of Workflow code, as classes and as objects. */

import type { Context } from "@temporalio/activity";
import { defaultPayloadConverter, type Headers } from "@temporalio/common";
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityOutboundCallsInterceptor,
} from "@temporalio/worker";
import type {
  ActivityInput,
  Next,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowInterceptors,
  WorkflowInterceptorsFactory,
  WorkflowInternalsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from "@temporalio/workflow";
import { workflowInfo } from "@temporalio/workflow";

class Inbound implements WorkflowInboundCallsInterceptor {
  public async execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, "execute">) {
    return await next({ ...input, headers: tagged(input.headers) });
  }
}

class Outbound implements WorkflowOutboundCallsInterceptor {
  public async scheduleActivity(
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, "scheduleActivity">,
  ): Promise<unknown> {
    return await next({ ...input, headers: tagged(input.headers) });
  }
  public getLogAttributes(
    input: Record<string, unknown>,
    next: Next<WorkflowOutboundCallsInterceptor, "getLogAttributes">,
  ) {
    return next({ ...input, type: workflowInfo().workflowType });
  }
}

class Internals implements WorkflowInternalsInterceptor {
  async activate(...[input, next]: Parameters<Required<WorkflowInternalsInterceptor>["activate"]>) {
    return next(input);
  }
}

function tagged(headers: Headers): Headers {
  const payload = defaultPayloadConverter.toPayload("me");
  return payload === undefined ? headers : { ...headers, user: payload };
}

export const interceptors: WorkflowInterceptorsFactory = (): WorkflowInterceptors => ({
  inbound: [new Inbound()],
  outbound: [new Outbound()],
  internals: [new Internals() as unknown as WorkflowInternalsInterceptor],
});

export class ActivityInbound implements ActivityInboundCallsInterceptor {
  constructor(public readonly context: Context) {}
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    this.context.log.debug("before");
    return await next(input);
  }
}

export const activityOutbound: ActivityOutboundCallsInterceptor = {
  getLogAttributes: (input, next) => next({ ...input, a: 1 }),
  getMetricTags: (input, next) => next({ ...input, a: 1 }),
};
