import type { Setting } from '@samovar/contract/settings/setting';
import { type SettingName, settings } from '@samovar/contract/settings/settings';
import { cell, type GeneratedPage, generatedNotice } from './generated-page.ts';

/** The table of every setting. */
export function settingsPage(): GeneratedPage {
  const rows = (Object.keys(settings) as SettingName[]).map((name) => row(settings[name]));
  const text = [
    generatedNotice,
    '# Settings',
    '',
    'A flag wins over the environment, that over `samovar.yaml`, that over the default. `./samovar config` shows what holds and where it comes from.',
    '',
    '| Environment | In `samovar.yaml` | Takes | Default | Meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  return { path: 'docs/reference/settings.md', text };
}

function row(setting: Setting): string {
  const fallback = setting.default === null || setting.default === '' ? '–' : `\`${setting.default}\``;
  return `| \`${setting.env}\` | \`${setting.yaml}\` | ${cell(takes(setting))} | ${fallback} | ${cell(setting.description)} |`;
}

function takes(setting: Setting): string {
  if (setting.choices) return setting.choices.map((choice) => `\`${choice}\``).join(' or ');
  if (setting.kind !== 'integer') return setting.kind;
  if (setting.minimum === undefined) return 'integer';
  return setting.maximum === undefined
    ? `integer ≥ ${setting.minimum}`
    : `integer ${setting.minimum}–${setting.maximum}`;
}
