import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../command-error.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { type AcceleratorKind, acceleratorKinds, acceleratorPackages } from './accelerator-packages.ts';
import { ownCheckout } from './accelerator-place.ts';
import { installAccelerator, restoreAccelerator, uninstallAccelerator } from './install-accelerator.ts';

/** `samovar engines install|uninstall|restore`. */
export function defineAcceleratorCommands(engines: Command): void {
  engines
    .command('install')
    .description('fetch the binaries that let language models run on a GPU: cuda (NVIDIA) or vulkan (others)')
    .argument('<kind>', acceleratorKinds.join(' or '), readKind)
    .action(async (kind: AcceleratorKind) => {
      refuseOtherPlatforms();
      await installAccelerator(ownCheckout, kind, printNews);
      printLine(`The ${kind} binaries are in place. They are used from the next start of Samovar on.`);
    });
  engines
    .command('uninstall')
    .description('remove the binaries for GPUs; models run on the processor again')
    .action(async () => {
      const had = await uninstallAccelerator(ownCheckout);
      printLine(
        had ? 'Removed. It holds from the next start of Samovar on.' : 'There was nothing to remove.',
      );
    });
  engines
    .command('restore')
    .description('after the packages were installed anew: use the binaries for GPUs that were fetched before')
    .action(async () => await restoreAccelerator(ownCheckout, printNews));
}

function readKind(text: string): AcceleratorKind {
  const kind = acceleratorKinds.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new InvalidArgumentError(`It is one of ${Object.keys(acceleratorPackages).join(', ')}.`);
}

function refuseOtherPlatforms(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new CommandError(
    `There are no ready binaries for ${process.platform} on ${process.arch}.`,
    process.platform === 'darwin'
      ? 'On a Mac with Apple silicon the engine uses the GPU without them.'
      : 'Use a machine with Linux on x64.',
  );
}
