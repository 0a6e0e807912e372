import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageOf } from './language-of.ts';
import { languageSamples } from './language-samples.ts';

test('the language of a text is told, for each language that is asked about', () => {
  const texts: Readonly<Record<string, string>> = {
    en: 'A cat is a small animal with soft fur. It often sleeps in the sun and likes to play.',
    de: 'Eine Katze ist ein kleines Tier mit weichem Fell. Sie schläft oft in der Sonne und spielt gern.',
    fr: 'Un chat est un petit animal avec une fourrure douce. Il dort souvent au soleil et aime jouer.',
    es: 'Un gato es un animal pequeño con un pelaje suave. Duerme en el sol y le gusta jugar con la pelota.',
    it: 'Un gatto è un piccolo animale con una pelliccia morbida. Dorme spesso nel sole e gli piace giocare.',
    ru: 'Кошка — это небольшое животное с мягкой шерстью. Она часто спит на солнце.',
    zh: '猫是一种有柔软皮毛的小动物。它经常在阳光下睡觉。',
    ja: '猫は柔らかい毛を持つ小さな動物です。よく日なたで寝ています。',
  };
  assert.deepEqual(Object.keys(texts), Object.keys(languageSamples));
  for (const [language, text] of Object.entries(texts)) assert.equal(languageOf(text), language, text);
  for (const text of ['', '...', '12345', 'Xyzzy plugh quux']) assert.equal(languageOf(text), null, text);
});
