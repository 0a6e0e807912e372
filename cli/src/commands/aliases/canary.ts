import { type Command, Option } from 'commander';
import { addMoveOptions, type MoveOptions, moveAlias, said } from '../../aliases/move-alias.ts';
import { type NamedTarget, parseSteps, parseTarget, parseWait } from '../../aliases/parse-target.ts';
import { CommandError } from '../../command-error.ts';
import { positiveCount, quantity } from '../../parse-option.ts';

interface CanaryOptions extends MoveOptions {
  readonly steps?: readonly object[];
  readonly minRequests?: number;
  readonly maxErrorIncrease?: number;
  readonly maxLatencyRatio?: number;
  readonly latency: boolean;
  readonly maxWait?: number | 'forever';
  readonly whenQuiet?: string;
  readonly stop?: boolean;
}

/** `samovar aliases canary`. */
export function defineCanary(command: Command): void {
  addMoveOptions(command)
    .argument('<alias>', 'its name')
    .argument('[model]', 'the candidate, where the alias does not have just one', parseTarget)
    .option(
      '--steps <steps>',
      'shares and how long each is held: 1:10m,10:10m,100:1m unless said',
      parseSteps,
    )
    .option('--min-requests <count>', 'the candidate is judged by so many in each step (50)', positiveCount)
    .option('--max-error-increase <share>', 'taken back when it fails more often by this (0.05)', quantity)
    .option(
      '--max-latency-ratio <ratio>',
      'taken back when its first byte takes so many times as long (2)',
      quantity,
    )
    .option('--no-latency', 'whatever its first byte takes')
    .option(
      '--max-wait <time>',
      'how long a step that was held waits for so many requests (24h); `forever` sets no end',
      parseWait,
    )
    .addOption(
      new Option(
        '--when-quiet <what>',
        'what then becomes of the candidate: it is taken back (usual), goes on unjudged, or keeps its share',
      ).choices(['roll-back', 'advance', 'stop']),
    )
    .option('--stop', 'end the canary that runs, and leave the shares as they are')
    .action(async (name: string, candidate: NamedTarget | undefined, options: CanaryOptions) => {
      if (options.stop && candidate !== undefined)
        throw new CommandError('`--stop` takes no model.', '`samovar aliases canary --help` shows how.');
      if (options.stop) {
        await moveAlias(name, 'canary/stop', said(options), options);
        return;
      }
      const { steps, minRequests, maxErrorIncrease, maxLatencyRatio, maxWait, whenQuiet } = options;
      const body = {
        ...candidate,
        ...(steps && { steps }),
        ...(minRequests !== undefined && { minRequests }),
        ...(maxErrorIncrease !== undefined && { maxErrorIncrease }),
        ...(maxLatencyRatio !== undefined && { maxLatencyRatio }),
        ...(!options.latency && { maxLatencyRatio: null }),
        ...(maxWait !== undefined && { maxWaitSeconds: maxWait === 'forever' ? null : maxWait }),
        ...(whenQuiet !== undefined && { whenQuiet }),
        ...said(options),
      };
      await moveAlias(name, 'canary', body, options);
    });
}
