import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { architectures } from '../../server/src/formats/conversion/architectures/all-architectures.ts';
import { repositoryRoot } from '../checks/src/repository-root.ts';
import { allPages } from './all-pages.ts';

for (const page of allPages()) {
  test(`${page.path} says what the code says`, () => {
    const path = join(repositoryRoot, page.path);
    assert.ok(existsSync(path), 'missing: run `./samovar docs`');
    assert.equal(readFileSync(path, 'utf8'), page.text, 'stale: run `./samovar docs`');
  });
}

test('no page describes an error that is gone', () => {
  const made = new Set(allPages().map((page) => page.path));
  const lying = readdirSync(join(repositoryRoot, 'docs/reference/errors'))
    .map((name) => `docs/reference/errors/${name}`)
    .filter((path) => !made.has(path));
  assert.deepEqual(lying, []);
});

test('the guide names every family of models that is converted', () => {
  const guide = readFileSync(join(repositoryRoot, 'docs/guides/bring-a-model.md'), 'utf8');
  for (const { title } of architectures) {
    const [family = ''] = /^[A-Za-z]+(?:-[A-Z][A-Za-z]+)?/.exec(title) ?? [];
    assert.ok(guide.includes(family), `${title}: the guide does not name ${family}`);
  }
});

test('links in the docs lead somewhere', () => {
  const faults: string[] = [];
  for (const page of markdownPages()) {
    const text = readFileSync(join(repositoryRoot, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      if (target !== undefined && !existsSync(join(repositoryRoot, page, '..', target)))
        faults.push(`${page} → ${target}`);
    }
  }
  assert.deepEqual(faults, []);
});

function markdownPages(): string[] {
  const inDocs = readdirSync(join(repositoryRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  const atRoot = readdirSync(repositoryRoot).filter((name) => name.endsWith('.md'));
  return [...inDocs, ...atRoot];
}
