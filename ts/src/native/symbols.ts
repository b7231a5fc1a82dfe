/**
 * The exports of the bridge as bun:ffi declares them. Handles and tokens are f64 (a 64-bit integer
 * would become a BigInt), bytes are a typed array and its length, results go into a `Float64Array`.
 * The bridge reports the same list from its side (`temporal_bun_signatures`); a test compares them.
 */

/** Version of the interface between this folder and the bridge. Raised with every change to either. */
export const bridgeAbi = 1;

const returns = "i32";

/** The only export that is called before versions are known to match; its shape never changes. */
export const abiSymbols = {
  temporal_bun_abi: { args: ["ptr", "u32"], returns },
} as const;

export const symbols = {
  ...abiSymbols,
  temporal_bun_signatures: { args: ["ptr", "u32"], returns },

  temporal_bun_bytes_length: { args: ["f64"], returns: "f64" },
  temporal_bun_bytes_copy: { args: ["f64", "ptr", "u32"], returns },
  temporal_bun_bytes_free: { args: ["f64"], returns },
  temporal_bun_bytes_deallocator: { args: [], returns: "ptr" },

  temporal_bun_queue_new: { args: ["ptr"], returns },
  temporal_bun_queue_drain: { args: ["f64", "ptr", "u32"], returns },
  temporal_bun_queue_wait: { args: ["f64", "u32"], returns },
  temporal_bun_queue_post: { args: ["f64", "f64", "i32", "ptr", "u32"], returns },
  temporal_bun_queue_free: { args: ["f64"], returns },

  temporal_bun_runtime_new: { args: ["ptr", "u32", "ptr"], returns },
  temporal_bun_runtime_forward_logs: { args: ["f64", "f64", "f64", "ptr"], returns },
  temporal_bun_runtime_take_metrics: { args: ["f64", "ptr"], returns },
  temporal_bun_runtime_free: { args: ["f64"], returns },

  temporal_bun_metric_new: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_metric_record: { args: ["f64", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_metric_free: { args: ["f64"], returns },

  temporal_bun_resource_controller_new: { args: ["ptr", "u32", "ptr"], returns },
  temporal_bun_resource_controller_free: { args: ["f64"], returns },

  temporal_bun_cancellation_new: { args: ["ptr"], returns },
  temporal_bun_cancellation_cancel: { args: ["f64"], returns },
  temporal_bun_cancellation_free: { args: ["f64"], returns },

  temporal_bun_client_connect: { args: ["f64", "f64", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_client_rpc: {
    args: ["f64", "f64", "f64", "u32", "ptr", "u32", "ptr", "u32", "ptr", "u32", "f64", "ptr"],
    returns,
  },
  temporal_bun_client_update_metadata: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_client_update_api_key: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_client_free: { args: ["f64"], returns },

  temporal_bun_worker_new: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_validate: { args: ["f64", "f64", "f64", "ptr"], returns },
  temporal_bun_worker_supply_slots: { args: ["f64", "f64", "f64", "ptr"], returns },
  temporal_bun_worker_grant_slot: { args: ["f64", "f64", "ptr"], returns },
  temporal_bun_worker_start: { args: ["f64", "ptr", "u32", "f64", "f64", "f64", "ptr"], returns },
  temporal_bun_worker_complete_workflow_activation: { args: ["f64", "f64", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_complete_activity_task: { args: ["f64", "f64", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_complete_nexus_task: { args: ["f64", "f64", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_record_activity_heartbeat: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_request_workflow_eviction: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_replace_client: { args: ["f64", "f64", "ptr"], returns },
  temporal_bun_worker_replace_workflow_queue: { args: ["f64", "u32", "f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_worker_initiate_shutdown: { args: ["f64"], returns },
  temporal_bun_worker_finalize_shutdown: { args: ["f64", "f64", "f64", "ptr"], returns },
  temporal_bun_worker_free: { args: ["f64"], returns },
  temporal_bun_replay_worker_new: { args: ["f64", "ptr", "u32", "ptr"], returns },
  temporal_bun_replay_push: { args: ["f64", "ptr", "u32", "ptr", "u32", "ptr"], returns },
  temporal_bun_replay_finish: { args: ["f64"], returns },

  temporal_bun_echo_start: { args: ["ptr"], returns },
  temporal_bun_echo_post: { args: ["f64", "f64", "f64", "i32", "ptr", "u32", "u32", "u32"], returns },
  temporal_bun_echo_stop: { args: ["f64"], returns },
  temporal_bun_echo_clock: { args: [], returns: "f64" },
} as const;
