/** What a model is asked in a language, and a pair of sentences that mean alike beside one that does not. */
export interface LanguageSample {
  readonly question: string;
  readonly alike: readonly [string, string];
  readonly other: string;
}

export const languageSamples: Readonly<Record<string, LanguageSample>> = {
  en: {
    question: 'Describe a cat in two sentences.',
    alike: ['The cat sleeps on the sofa.', 'A cat is resting on the couch.'],
    other: 'The stock market fell sharply today.',
  },
  de: {
    question: 'Beschreibe eine Katze in zwei Sätzen.',
    alike: ['Die Katze schläft auf dem Sofa.', 'Eine Katze ruht sich auf der Couch aus.'],
    other: 'Die Börse ist heute stark gefallen.',
  },
  fr: {
    question: 'Décris un chat en deux phrases.',
    alike: ['Le chat dort sur le canapé.', 'Un chat se repose sur le sofa.'],
    other: 'La bourse a fortement chuté aujourd’hui.',
  },
  es: {
    question: 'Describe un gato en dos frases.',
    alike: ['El gato duerme en el sofá.', 'Un gato descansa en el sillón.'],
    other: 'La bolsa cayó con fuerza hoy.',
  },
  it: {
    question: 'Descrivi un gatto in due frasi.',
    alike: ['Il gatto dorme sul divano.', 'Un gatto riposa sul sofà.'],
    other: 'La borsa è scesa molto oggi.',
  },
  ru: {
    question: 'Опиши кошку в двух предложениях.',
    alike: ['Кошка спит на диване.', 'Кошка отдыхает на софе.'],
    other: 'Сегодня биржа резко упала.',
  },
  zh: {
    question: '用两句话描述一只猫。',
    alike: ['猫在沙发上睡觉。', '一只猫正在沙发上休息。'],
    other: '今天股市大幅下跌。',
  },
  ja: {
    question: '猫を二つの文で説明してください。',
    alike: ['猫がソファで寝ています。', '猫がソファの上で休んでいる。'],
    other: '今日、株式市場は大きく下落した。',
  },
};
