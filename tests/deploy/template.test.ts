import './template/event-sources';
import './template/features';
import './template/functions';
import './template/notifications';
import './template/roles';
import './template/routes';
import './template/table';
import './template/whole';

// What `serverless package` makes of serverless.yml: one file for each area, and one test file, so that all areas share the
// packages, which take seconds each. docs/operations.md and the alarms are in operations.test.ts.

jest.setTimeout(300_000);
