// The same promises over the full minute that they are given for.
process.env.SAMOVAR_TEST_ABSENCE_SECONDS ??= '60';
await import('./postgres-away.test.ts');
