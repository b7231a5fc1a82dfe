import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { defineQuery, defineSignal, defineUpdate } from "@temporalio/workflow";

export interface Order {
  id: string;
  items: Item[];
}

export interface Item {
  name: string;
  price: number;
}

export interface Receipt {
  order: string;
  total: number;
  payment: string;
  shipped: string;
  steps: string[];
}

export const ship = defineSignal<[carrier: string]>("ship");
export const cancelOrder = defineSignal("cancelOrder");
export const status = defineQuery<string>("status");
export const addItem = defineUpdate<number, [Item]>("addItem");
export const customerKey = defineSearchAttributeKey("CustomKeywordField", SearchAttributeType.KEYWORD);
