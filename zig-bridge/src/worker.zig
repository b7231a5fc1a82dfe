//! The start of a worker, whose queues cross as one array. The conventions are those of calls.zig.

const core = @import("core.zig");
const number = @import("number.zig");
const forward = @import("forward.zig");
const c = core.c;

const finish = forward.finish;
const refuse = forward.refuse;

/// Most queues that the activations of one worker are spread over.
const most_workflow_queues = 256;

/// `workflow_queues` is a Float64Array of `workflow_queue_count` (at most 256) handles, read during the call only. The
/// queues of task kinds that the worker does not have may be 0.
pub export fn temporal_bun_worker_start(
    worker: f64,
    workflow_queues: ?[*]const f64,
    workflow_queue_count: u32,
    activity_queue: f64,
    nexus_queue: f64,
    token: f64,
    out: forward.Out,
) i32 {
    const handles = number.readAll(4, .{ worker, activity_queue, nexus_queue, token }) orelse return refuse(out);
    if (workflow_queue_count > most_workflow_queues or (workflow_queues == null and workflow_queue_count != 0))
        return finish(core.invalid_argument, out, 0, 0);
    var queues: [most_workflow_queues]core.Handle = undefined;
    for (0..workflow_queue_count) |index| {
        queues[index] = number.read(workflow_queues.?[index]) orelse return refuse(out);
    }
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_start(
        handles[0],
        &queues,
        workflow_queue_count,
        handles[1],
        handles[2],
        handles[3],
        &failure,
    );
    return finish(status, out, 0, failure);
}
