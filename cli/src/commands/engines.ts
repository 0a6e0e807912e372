import { Argument, type Command, InvalidArgumentError } from 'commander';
import { defineAcceleratorCommands } from '../engines/accelerator-commands.ts';
import { buildEngine } from '../engines/build-engine.ts';
import { localEngines } from '../engines/local-engines.ts';
import { printJson } from '../output/print-json.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { usableSettings } from '../settings.ts';

type Options = Readonly<Record<string, unknown>> & { readonly json?: boolean };

/** `samovar engines list|build`, and what fetches binaries for GPUs. */
export function define(command: Command): void {
  defineList(command.command('list').description('the engines of this machine'));
  defineBuild(
    command.command('build').description('build an engine from the source that came with its package'),
  );
  defineAcceleratorCommands(command);
}

function defineList(command: Command): void {
  addSettingOptions(command, ['data'])
    .option('--json', 'print JSON')
    .action((options: Options) => {
      const { values } = usableSettings(settingFlags(options));
      const engines = localEngines(values.data, values.llamaServer);
      if (options.json) return printJson(engines);
      printTable(
        ['engine', 'runs', 'state'],
        engines.map(({ engine, runs, ready }) => [
          engine,
          runs,
          ready ? 'ready' : `not built: samovar engines build ${engine}`,
        ]),
      );
    });
}

function defineBuild(command: Command): void {
  addSettingOptions(command, ['data'])
    .addArgument(new Argument('<engine>', 'which one').choices(['llama-server']))
    .option('--jobs <number>', 'compilations at a time; as many as there are processors without it', readJobs)
    .option('--json', 'print JSON')
    .action(async (_engine: string, options: Options & { readonly jobs?: number }) => {
      const flags = settingFlags(options);
      const { values } = usableSettings(flags);
      const path = await buildEngine({
        data: values.data,
        flags,
        jobs: options.jobs,
        onProgress: progressLine(),
      });
      if (options.json) return printJson({ engine: 'llama-server', program: path });
      printLine(`Built ${path}`);
      printLine('Run a model on it: samovar models engine <model> llama-server');
    });
}

function readJobs(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number from 1 on.');
}

/** On a terminal one line that grows, elsewhere a line for every tenth. */
function progressLine(): (step: string, fraction: number) => void {
  let told = '';
  return (step, fraction) => {
    const percent = Math.floor(fraction * 100);
    const line = `${step} ${process.stderr.isTTY ? percent : percent - (percent % 10)} %`;
    if (line === told) return;
    told = line;
    if (process.stderr.isTTY) process.stderr.write(`\r${line.padEnd(20)}${step === 'done' ? '\n' : ''}`);
    else printNews(line);
  };
}
