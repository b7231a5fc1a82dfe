//! Worker and replay calls, flattened for bun:ffi. The conventions are those of calls.zig.

const core = @import("core.zig");
const number = @import("number.zig");
const calls = @import("calls.zig");
const c = core.c;

const Bytes = calls.Bytes;
const Out = calls.Out;
const finish = calls.finish;
const refuse = calls.refuse;

/// Most queues that the activations of one worker are spread over.
const most_workflow_queues = 256;

pub export fn temporal_bun_worker_new(client: f64, options: Bytes, options_length: u32, out: Out) i32 {
    const handle = number.read(client) orelse return refuse(out);
    if (out == null) return core.invalid_argument;
    var worker: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_new(handle, options, options_length, &worker, &failure);
    return finish(status, out, worker, failure);
}

pub export fn temporal_bun_worker_validate(worker: f64, queue: f64, token: f64, out: Out) i32 {
    const handles = number.readAll(3, .{ worker, queue, token }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_validate(handles[0], handles[1], handles[2], &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_supply_slots(worker: f64, queue: f64, token: f64, out: Out) i32 {
    const handles = number.readAll(3, .{ worker, queue, token }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_supply_slots(handles[0], handles[1], handles[2], &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_grant_slot(worker: f64, reservation: f64, out: Out) i32 {
    const numbers = number.readAll(2, .{ worker, reservation }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_grant_slot(numbers[0], numbers[1], &failure);
    return finish(status, out, 0, failure);
}

/// `workflow_queues` is a Float64Array of `workflow_queue_count` (at most 256) handles, read during the call only. The
/// queues of task kinds that the worker does not have may be 0.
pub export fn temporal_bun_worker_start(
    worker: f64,
    workflow_queues: ?[*]const f64,
    workflow_queue_count: u32,
    activity_queue: f64,
    nexus_queue: f64,
    token: f64,
    out: Out,
) i32 {
    const handles = number.readAll(4, .{ worker, activity_queue, nexus_queue, token }) orelse return refuse(out);
    if (workflow_queue_count > most_workflow_queues or (workflow_queues == null and workflow_queue_count != 0))
        return finish(core.invalid_argument, out, 0, 0);
    var queues: [most_workflow_queues]core.Handle = undefined;
    for (0..workflow_queue_count) |index| queues[index] = number.read(workflow_queues.?[index]) orelse return refuse(out);
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

/// With `token` 0 only a failure is answered.
pub export fn temporal_bun_worker_complete_workflow_activation(worker: f64, queue: f64, token: f64, data: Bytes, length: u32, out: Out) i32 {
    return complete(c.temporal_core_worker_complete_workflow_activation, .{ worker, queue, token }, data, length, out);
}

/// With `token` 0 only a failure is answered.
pub export fn temporal_bun_worker_complete_activity_task(worker: f64, queue: f64, token: f64, data: Bytes, length: u32, out: Out) i32 {
    return complete(c.temporal_core_worker_complete_activity_task, .{ worker, queue, token }, data, length, out);
}

/// With `token` 0 only a failure is answered.
pub export fn temporal_bun_worker_complete_nexus_task(worker: f64, queue: f64, token: f64, data: Bytes, length: u32, out: Out) i32 {
    return complete(c.temporal_core_worker_complete_nexus_task, .{ worker, queue, token }, data, length, out);
}

fn complete(comptime call: anytype, numbers: [3]f64, data: Bytes, length: u32, out: Out) i32 {
    const handles = number.readAll(3, numbers) orelse return refuse(out);
    var failure: core.Handle = 0;
    return finish(call(handles[0], handles[1], handles[2], data, length, &failure), out, 0, failure);
}

pub export fn temporal_bun_worker_record_activity_heartbeat(worker: f64, data: Bytes, length: u32, out: Out) i32 {
    const handle = number.read(worker) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_record_activity_heartbeat(handle, data, length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_request_workflow_eviction(worker: f64, run_id: Bytes, length: u32, out: Out) i32 {
    const handle = number.read(worker) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_request_workflow_eviction(handle, run_id, length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_replace_client(worker: f64, client: f64, out: Out) i32 {
    const handles = number.readAll(2, .{ worker, client }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_replace_client(handles[0], handles[1], &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_initiate_shutdown(worker: f64) i32 {
    const handle = number.read(worker) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_worker_initiate_shutdown(handle));
}

pub export fn temporal_bun_worker_finalize_shutdown(worker: f64, queue: f64, token: f64, out: Out) i32 {
    const handles = number.readAll(3, .{ worker, queue, token }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_worker_finalize_shutdown(handles[0], handles[1], handles[2], &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_worker_free(worker: f64) i32 {
    const handle = number.read(worker) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_worker_free(handle));
}

pub export fn temporal_bun_replay_worker_new(runtime: f64, options: Bytes, options_length: u32, out: Out) i32 {
    const handle = number.read(runtime) orelse return refuse(out);
    if (out == null) return core.invalid_argument;
    var worker: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_replay_worker_new(handle, options, options_length, &worker, &failure);
    return finish(status, out, worker, failure);
}

pub export fn temporal_bun_replay_push(worker: f64, workflow_id: Bytes, workflow_id_length: u32, history: Bytes, history_length: u32, out: Out) i32 {
    const handle = number.read(worker) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_replay_push(handle, workflow_id, workflow_id_length, history, history_length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_replay_finish(worker: f64) i32 {
    const handle = number.read(worker) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_replay_finish(handle));
}
