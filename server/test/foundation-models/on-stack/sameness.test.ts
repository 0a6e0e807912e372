import { describeSameness } from './describe-sameness.ts';

describeSameness(30);
