import type { Command } from "commander";
import type { Output } from "../output";

/** Declares `docker`. */
export function addDockerCommand(program: Command, output: Output): void {
  program
    .command("docker")
    .description("write a Dockerfile and a .dockerignore for this project's Worker")
    .argument("[module]", "the Worker's module, by default worker.ts or src/worker.ts")
    .option("--print", "print the Dockerfile instead")
    .action(async (module: string | undefined, flags: { print?: boolean }) => {
      const { docker } = await import("../docker");
      docker(module, flags, output);
    });
}
