import './template/event-sources';
import './template/features';
import './template/function-url';
import './template/functions';
import './template/notifications';
import './template/operations';
import './template/roles';
import './template/routes';
import './template/table';
import './template/whole';

// The output of `serverless package` for serverless.yml: one file for each area, and one test file, so that all areas
// share the packages, which take seconds each.

jest.setTimeout(300_000);
