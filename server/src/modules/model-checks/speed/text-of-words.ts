const words =
  'time year people way day man thing woman life child world school state family student group country hand part place case week company system question work night point home water room mother area money story fact month lot right study book eye job word business side kind head house service friend father power hour game line end member law car city name'.split(
    ' ',
  );

/** A text of about so many tokens, another one each time: what an engine keeps of earlier prompts does not help it. */
export function textOfWords(tokens: number): string {
  const count = Math.max(1, Math.floor(tokens * 0.9));
  return Array.from({ length: count }, () => words[Math.floor(Math.random() * words.length)]).join(' ');
}
