import type { ErrorEntry } from './entry.ts';

/** What can be wrong with a job file, the settings or the arguments of a command; exit code 2. */
export const SETTINGS_ERRORS = {
  ARGUMENT_WRONG: {
    meaning: 'An argument or option of a command cannot be used.',
    causes: [
      'It is misspelt, or not of its form.',
      'It names a customer, segment, column or file that is not there.',
      'The port is taken.',
    ],
    cure: 'The error says what is possible; `segment-sync help COMMAND` lists the options.',
  },
  CONFIG_DUPLICATE: {
    meaning: 'Something that must be named once is named twice.',
    causes: [
      'A key stands twice in the YAML.',
      'Two audiences of a destination, two sources, two segments or two jobs have one name.',
      'One segment has two holdouts.',
    ],
    cure: 'Rename or take out one of the two; the error names both.',
  },
  CONFIG_MISSING_FILE: {
    meaning: 'A job file, or a file that it names, is not there or cannot be read.',
    causes: [
      'The name of the job is misspelt, or it is in another folder (`--jobs`).',
      'A path in a job file starts at the job file.',
    ],
    cure: 'Correct the name; `segment-sync status` lists the jobs there are.',
  },
  CONFIG_MISSING_KEY: {
    meaning: 'A setting that is needed is not there.',
    causes: ['It was left out, or stands one level too deep or too high.'],
    cure: 'Add it where the error points.',
  },
  CONFIG_MISSING_SECRET: {
    meaning: 'A variable of the environment, or a file with a secret, that the job file names is not there.',
    causes: [
      'It is set in another shell, or not passed to the service or container.',
      'Its name is misspelt.',
    ],
    cure: 'Set the variable where the program runs, or write `${file:/run/secrets/NAME}` for a file.',
  },
  CONFIG_NO_SCHEDULE: {
    meaning: '`start` has nothing to do: no usable job in the folder has a schedule.',
    causes: ['The folder is another one.', 'The jobs have no `schedule`.', 'The job file is broken.'],
    cure: 'Write `schedule` into a job file, or name the folder with `--jobs`.',
  },
  CONFIG_NODE_TOO_OLD: {
    meaning: 'The program is run by a Node that is too old for it.',
    causes: ['The machine has an older Node, and the program was not started through npm.'],
    cure: 'Install the version that the error names, or use the image.',
  },
  CONFIG_SYNTAX: {
    meaning: 'The file is not valid YAML.',
    causes: [
      'An indent, a quote or a bracket is wrong.',
      'A tab stands for an indent.',
      'Anchors make it grow without end.',
    ],
    cure: 'Mend the line that the error names.',
  },
  CONFIG_UNKNOWN_KEY: {
    meaning: 'There is no such setting.',
    causes: ['It is misspelt, or stands at the wrong level.'],
    cure: 'The error names the nearest that exists. Editors complete settings with `config/job.schema.json`.',
  },
  CONFIG_UNKNOWN_SEGMENT: {
    meaning: 'An audience or rule names a segment that the job does not compute.',
    causes: [
      'It is misspelt.',
      'Its model is missing under `segments`.',
      'A pattern with `*` finds nothing.',
    ],
    cure: 'Write the full name, such as `lifecycle.at_risk`, and add its model under `segments`.',
  },
  CONFIG_WRONG_TYPE: {
    meaning: 'A setting has a value of the wrong kind.',
    causes: [
      'A text where a number or a list is wanted, or the other way round.',
      'A number or a date that YAML takes for a text.',
    ],
    cure: 'Write what the error expects.',
  },
  CONFIG_WRONG_VALUE: {
    meaning: 'A setting has a value that is not possible.',
    causes: ['It is out of bounds, not one of the choices, or does not fit another setting.'],
    cure: 'The error says what is possible.',
  },
  SEGMENT_SQL_WRONG: {
    meaning: 'The SQL of a custom segment cannot be used.',
    causes: [
      'It is no single SELECT.',
      'It reads other tables, files or the clock.',
      'It yields no column `customer` or `customer_id`.',
    ],
    cure: 'Write one SELECT over `customer_profiles`, `customer_purchases` and `customer_segments`; config/README.md says what they hold.',
  },
} as const satisfies Record<string, ErrorEntry>;
