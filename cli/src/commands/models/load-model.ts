import type { Command } from 'commander';
import type { ModelAnswer } from '../../console-answers.ts';
import { modelPath, stateOf, untilLoaded } from '../../models/model-state.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface LoadOptions extends Options {
  readonly keep?: boolean;
  readonly pin?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** `samovar models load`. */
export function defineLoad(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--keep', 'keep it loaded, also after a restart')
    .option('--pin', 'never unload it to make room or for being idle')
    .option('--wait', 'return when it answers')
    .option('--json', 'print JSON')
    .action(async (name: string, given: LoadOptions, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const client = clientFor(options);
      const query = new URLSearchParams();
      if (given.keep) query.set('residency', 'always');
      if (given.pin) query.set('pinned', 'true');
      const asked = (await client.send('POST', `${modelPath(name)}/load?${query}`)) as ModelAnswer;
      const model = given.wait ? await untilLoaded(client, asked.name) : asked;
      if (options.json) printJson(model);
      else printLine(`${model.name}: ${stateOf(model)}`);
    });
}

/** `samovar models unload`. */
export function defineUnload(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: Options, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const model = (await clientFor(options).send('POST', `${modelPath(name)}/unload`)) as ModelAnswer;
      if (options.json) printJson(model);
      else printLine(`${model.name}: ${stateOf(model)}`);
    });
}

/** `samovar models engine`. */
export function defineEngine(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .argument(
      '<engine>',
      'llama-cpp, or llama-server once it is built (`samovar engines build llama-server`)',
    )
    .option('--json', 'print JSON')
    .action(async (name: string, engine: string, _given: Options, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const path = `${modelPath(name)}/engine?${new URLSearchParams({ engine })}`;
      const model = (await clientFor(options).send('POST', path)) as ModelAnswer;
      if (options.json) printJson(model);
      else printLine(`${model.name} runs on ${model.engine}.`);
    });
}
