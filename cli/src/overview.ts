import { type CommandEntry, commands } from './commands.ts';

const groupTitles: Readonly<Record<CommandEntry['group'], string>> = {
  run: 'Run',
  use: 'Use',
  manage: 'Manage',
  develop: 'Develop',
};

/** The text of `samovar help`. */
export function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const blocks = Object.entries(groupTitles).flatMap(([group, title]) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
    return lines.length === 0 ? [] : [[title, ...lines].join('\n')];
  });
  return [
    'Usage: samovar <command> [options]',
    ...blocks,
    '`samovar help <command>` tells the options of one. Settings come from flags, SAMOVAR_… variables and samovar.yaml.',
  ].join('\n\n');
}
