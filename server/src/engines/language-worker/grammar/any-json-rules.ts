/**
 * Rules for any JSON value. White space is allowed where models are used to it, but at most one line break
 * and twenty blanks in a row: an unbounded run is a well-known way for small models never to end.
 */
export const anyJsonRules: readonly string[] = [
  'value ::= object | array | string | number | "true" | "false" | "null"',
  'object ::= "{" space ( member ( "," space member )* )? "}"',
  'member ::= string ":" space value space',
  'array ::= "[" space ( value space ( "," space value space )* )? "]"',
  'string ::= "\\"" char* "\\""',
  'char ::= [^"\\\\\\x00-\\x1F] | "\\\\" escape',
  // A surrogate is written as a pair, so that every character counts once.
  'escape ::= ["\\\\/bfnrt] | "u" ( [0-9a-cefA-CEF] hex hex hex | [dD] [0-7] hex hex | [dD] [89abAB] hex hex "\\\\u" [dD] [c-fC-F] hex hex )',
  'hex ::= [0-9a-fA-F]',
  'number ::= "-"? ( "0" | [1-9] [0-9]{0,15} ) ( "." [0-9]{1,16} )? ( [eE] [-+]? [0-9]{1,2} )?',
  'integer ::= "-"? [1-9] [0-9]{0,14} | "0"',
  'space ::= "" | " " | "\\n" [ \\t]{0,20}',
];
