/** Takes out of a static archive what linking does not need. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output } from "../scripts/tools";
import { run } from "./command";

/**
 * Copies an archive without debug information. What is left is needed: symbols to link, unwind tables to catch panics.
 *
 * rustup's toolchain has LLVM's objcopy, which knows the objects of every platform; without it llvm-objcopy on the PATH
 * is used. Throws when there is neither.
 */
export function stripArchive(archive: string, into: string): void {
  const options = ["--strip-debug", archive, into];
  const libraries = join(output(["rustc", "--print", "sysroot"]), "lib");
  const host = /^host: (.*)$/m.exec(output(["rustc", "-vV"]))?.[1] ?? "";
  const objcopy = join(libraries, "rustlib", host, "bin/rust-objcopy");
  if (existsSync(objcopy)) {
    // It does not know by itself where the LLVM of its toolchain is.
    run([objcopy, ...options], { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries });
  } else if (Bun.which("llvm-objcopy") !== null) {
    run(["llvm-objcopy", ...options]);
  } else {
    throw new Error(
      `there is neither ${objcopy} nor llvm-objcopy on the PATH to strip the archive with: use a toolchain of rustup, install LLVM, or pass --no-strip`,
    );
  }
}
