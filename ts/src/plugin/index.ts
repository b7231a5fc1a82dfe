/** A plugin made of values, for clients, connections, workers and bundles. */

export { SimplePlugin, type SimplePluginOptions } from "./simple-plugin";
