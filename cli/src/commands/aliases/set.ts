import type { Command } from 'commander';
import type { AliasAnswer } from '../../aliases/alias-answers.ts';
import { addMoveOptions, aliasPath, type MoveOptions } from '../../aliases/move-alias.ts';
import {
  type NamedFallback,
  parseFallback,
  parseWeightedTarget,
  type WeightedTarget,
} from '../../aliases/parse-target.ts';
import { showAlias } from '../../aliases/show-alias.ts';
import { printJson } from '../../output/print-json.ts';
import { clientFor } from '../../server-options.ts';

interface SetOptions extends MoveOptions {
  readonly fallback?: readonly NamedFallback[] | false;
  readonly organization?: boolean;
  readonly project?: boolean;
  readonly description?: string;
  readonly deprecated?: string | false;
  readonly sunset?: string;
  readonly successor?: string;
}

/** `samovar aliases set`. */
export function defineSet(command: Command): void {
  addMoveOptions(command)
    .argument(
      '<alias>',
      'the name; `name/rc` and `name@suffix` are branches and tuned versions of model URIs',
    )
    .argument(
      '[targets...]',
      'models, with their shares where there are several: `a=90 b=10`; `a@ver_…` pins a version, `a@current` the one of now',
      parseWeightedTarget,
    )
    .option(
      '--fallback <model[=kinds]>',
      'tried when a target does not answer, in order; kinds: unavailable, overloaded, failed, timeout, context-too-long, unsupported',
      parseFallback,
    )
    .option('--no-fallback', 'take the fallbacks away')
    .option('--organization', 'for every project of the organization')
    .option('--project', 'for this project alone')
    .option('--description <text>', 'what it is for')
    .option('--deprecated <date>', 'from when it is on its way out')
    .option('--no-deprecated', 'it stays after all')
    .option('--sunset <date>', 'when it is to be gone')
    .option('--successor <name>', 'what to use instead')
    .option('--force', 'also to a model of another kind')
    .action(async (name: string, targets: readonly WeightedTarget[], options: SetOptions) => {
      const { description, reason, force } = options;
      const body = {
        ...(targets.length > 0 && { targets }),
        ...(options.fallback === false && { fallbacks: [] }),
        ...(Array.isArray(options.fallback) && { fallbacks: options.fallback }),
        ...(options.organization && { scope: 'organization' }),
        ...(options.project && { scope: 'project' }),
        ...(description !== undefined && { description }),
        ...deprecationOf(options),
        ...(reason !== undefined && { reason }),
        ...(force && { force }),
      };
      const alias = (await clientFor(options).send('PUT', aliasPath(name), body)) as AliasAnswer;
      if (options.json) printJson(alias);
      else showAlias(alias);
    });
}

/** `--no-deprecated` takes it back; any of the three options says that it is on its way out. */
function deprecationOf({ deprecated, sunset, successor }: SetOptions): object {
  if (deprecated === false) return { deprecation: null };
  if (typeof deprecated !== 'string' && sunset === undefined && successor === undefined) return {};
  return {
    deprecation: {
      ...(typeof deprecated === 'string' && { deprecatedAt: deprecated }),
      ...(sunset !== undefined && { sunsetAt: sunset }),
      ...(successor !== undefined && { successor }),
    },
  };
}
