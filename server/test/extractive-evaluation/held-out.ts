import type { EvaluationDocument } from './evaluation-document.ts'

/** Companies nothing was fitted or tuned on; every number we publish comes from here. */
export const heldOut: EvaluationDocument[] = [
  {
    name: 'marlow-coffee.md',
    text: `# Marlow Coffee Roasters: help

## Delivery

We roast on Mondays and Wednesdays and post the coffee the next morning. Letterbox packs arrive in 1 to 3 working days. Delivery is $3.90, or free when you spend more than $40. We currently send coffee to Ireland, France and Spain only.

## Subscriptions

Pick one or two bags every week, fortnight or month. You can swap the beans, pause or stop from your account page up to two days before the next roast. Subscribers get 12 percent off every bag.

## Freshness and storage

Coffee tastes best between 7 and 30 days after roasting. Keep the bag closed and out of the fridge. The roast date is stamped on the back of every bag.

## Grind

We can grind for espresso, filter, moka pot or French press. Choose the grind at checkout. Ground coffee cannot be returned.

## Refunds

If you do not like a coffee, tell us within 14 days and we will send another one or give your money back. Bags lost in the post are replaced after 10 working days.

## Wholesale

Cafes and offices can order from 5 kg. Wholesale customers get training at our roastery and pay within 30 days of the invoice. Write to trade@marlow.example for the price list.

## Visiting us

The roastery shop at 3 Canal Yard is open Thursday to Sunday, 9:30 to 16:00. Tastings are held on the first Saturday of the month and cost $12 per person.

## Decaf

Our decaf is made with the sugar cane process and contains less than 0.1 percent caffeine.`,
    covered: [
      { question: 'How much is delivery?', answer: 'Delivery is $3.90' },
      { question: 'Do you ship to France?', answer: 'Ireland, France and Spain' },
      { question: 'How long does delivery take?', answer: '1 to 3 working days' },
      { question: 'Which days do you roast?', answer: 'Mondays and Wednesdays' },
      { question: 'Can I pause my subscription?', answer: 'pause or stop from your account page' },
      { question: 'Is there a discount for subscribers?', answer: '12 percent off' },
      { question: 'Should I keep coffee in the fridge?', answer: 'out of the fridge' },
      { question: 'Where do I see the roast date?', answer: 'stamped on the back' },
      { question: 'Can you grind for French press?', answer: 'French press' },
      { question: 'Can I return ground coffee?', answer: 'Ground coffee cannot be returned' },
      { question: "What if I don't like the coffee?", answer: 'tell us within 14 days' },
      { question: 'My parcel was lost in the post', answer: 'replaced after 10 working days' },
      { question: 'What is the minimum wholesale order?', answer: 'order from 5 kg' },
      { question: 'When is the shop open?', answer: 'Thursday to Sunday' },
      { question: 'How much does a tasting cost?', answer: '$12 per person' },
      { question: 'How much caffeine is in the decaf?', answer: 'less than 0.1 percent' },
    ],
    notCovered: [
      'Do you sell espresso machines?',
      'Do you have tea?',
      'Are your bags compostable?',
      'Which farm does the coffee come from?',
      'Can I get a job as a barista?',
      'Do you roast for other brands?',
      'How do I descale my machine?',
      'Do you have a loyalty card?',
      'Can I pay with Apple Pay?',
      'Is your coffee fair trade?',
      'What is the capital of Australia?',
      'Who wrote Pride and Prejudice?',
      'Do you deliver to Japan by air?',
      'hi',
    ],
  },
  {
    name: 'orbit-sms-api.md',
    text: `# Orbit SMS developer guide

## Sending a message

Send a \`POST\` request to \`/v1/messages\` with \`to\`, \`from\` and \`text\`. Numbers must be in E.164 format, e.g. +442071838750.

\`\`\`json
{ "to": "+442071838750", "from": "Orbit", "text": "Your code is 1234" }
\`\`\`

The response contains the message \`id\` and the status \`queued\`.

## Message length

A message may have up to 1,600 characters. Texts longer than 160 characters are split into parts of 153 characters, and every part is billed.

## Delivery reports

Set \`report_url\` to receive a callback when the status changes. The status is one of \`queued\`, \`sent\`, \`delivered\`, \`undelivered\` or \`failed\`. Reports are kept for 90 days.

## Opt-outs

When a recipient replies STOP, we block further messages to that number and answer with error 21610. Replying START removes the block.

## Errors

| Code | Meaning | What to do |
| --- | --- | --- |
| 20003 | The key is wrong or revoked | Create a new key |
| 21211 | The number is not valid | Check the country code |
| 21610 | The recipient opted out | Do not send again |
| 30006 | Landline or unreachable carrier | Call instead |

## Throughput

A trial account can send 1 message per second. Paid accounts start at 10 messages per second. Messages over the limit wait in a queue for up to 4 hours.

## Trial

The trial comes with $5 of credit. Trial messages can only be sent to numbers you have verified in the console.

## Keys

Keys are created in the console under Settings > API keys. Revoke a leaked key at once; it stops working within 60 seconds.

## Receiving messages

Rent a number for $1.15 a month and set its \`inbound_url\`. We post every incoming message to that URL as JSON and repeat the request for 12 hours if your server does not answer.`,
    covered: [
      { question: 'How do I send a message?', answer: 'Send a `POST` request to `/v1/messages`' },
      { question: 'What format do phone numbers need?', answer: 'E.164 format' },
      { question: 'How long can a message be?', answer: 'up to 1,600 characters' },
      { question: 'How many characters before a text is split?', answer: 'longer than 160 characters are split' },
      { question: 'How do I get delivery reports?', answer: 'Set `report_url`' },
      { question: 'How long are reports kept?', answer: 'kept for 90 days' },
      { question: 'What happens when someone replies STOP?', answer: 'we block further messages' },
      { question: 'What does error 21211 mean?', answer: 'The number is not valid' },
      { question: 'What is error 30006?', answer: 'Landline or unreachable carrier' },
      { question: 'How many messages per second can I send on a trial account?', answer: '1 message per second' },
      { question: 'How much credit do I get in the trial?', answer: '$5 of credit' },
      { question: 'Where do I create an API key?', answer: 'Settings > API keys' },
      { question: 'My key leaked, what should I do?', answer: 'Revoke a leaked key at once' },
      { question: 'How much does it cost to rent a number?', answer: '$1.15 a month' },
      { question: 'What if my server does not answer?', answer: 'repeat the request for 12 hours' },
      { question: 'How long do messages wait in the queue?', answer: 'up to 4 hours' },
    ],
    notCovered: [
      'Can I send MMS pictures?',
      'Do you have a WhatsApp channel?',
      'Is there a Java library?',
      'How do I schedule a message for tomorrow?',
      'How much is a message to Germany?',
      'Can I port my own number?',
      'Do you support short codes?',
      'How do I add a colleague to my account?',
      'Where are your data centres?',
      'Do you sign a data processing agreement?',
      'How do I download invoices?',
      'Can I record calls?',
      'Who sang Thriller?',
      'Write a haiku about autumn',
    ],
  },
  {
    name: 'pinewood-school.md',
    text: `# Pinewood Music School

## Lessons

Single lessons last 30, 45 or 60 minutes. We teach piano, guitar, violin, cello, drums and singing. Lessons take place once a week except in school holidays.

## Fees

A term has 12 weeks. Thirty-minute lessons cost $300 per term, sixty-minute lessons $540. The second child of a family pays 15 percent less. Fees are due on the first day of term.

## Trial lesson

Your first lesson is free and without obligation. Book it by phone at 555-0188 or through the form on our website.

## Missed lessons

Tell your teacher at least one day ahead and we will offer another time. Lessons missed without notice are not made up. If a teacher is ill, we arrange a substitute or refund the lesson.

## Instruments

Violins and cellos can be borrowed for $20 a month. Guitars must be bought. Drum pupils practise on pads at home and only need their own sticks.

## Exams and concerts

Pupils may sit graded exams in March and November; the exam fee is paid separately. Two concerts a year are held in the town hall, in June and December. Admission is free.

## Ending lessons

Written notice must reach the office four weeks before the end of term. Without notice the place is kept for the next term and charged.

## Adults

Adults can buy a flexible card of 6 lessons for $210 that is valid for 5 months. Evening lessons are available until 21:00.

## Safety

All teachers have passed a police check. Parents are welcome to sit in on lessons of children under 8.`,
    covered: [
      { question: 'Which instruments do you teach?', answer: 'piano, guitar, violin' },
      { question: 'How long is a lesson?', answer: '30, 45 or 60 minutes' },
      { question: 'How much do 30 minute lessons cost?', answer: '$300 per term' },
      { question: 'Do siblings get a discount?', answer: '15 percent less' },
      { question: 'When do I have to pay the fees?', answer: 'due on the first day of term' },
      { question: 'Is the trial lesson free?', answer: 'first lesson is free' },
      { question: 'How do I book a trial lesson?', answer: 'Book it by phone at 555-0188' },
      { question: 'What happens if the teacher is ill?', answer: 'arrange a substitute' },
      { question: 'Can I make up a lesson I missed?', answer: 'offer another time' },
      { question: 'Can I borrow a violin?', answer: 'borrowed for $20 a month' },
      { question: 'Do I need a drum kit at home?', answer: 'practise on pads at home' },
      { question: 'When are the exams?', answer: 'March and November' },
      { question: 'Where are the concerts held?', answer: 'town hall' },
      { question: 'How do I stop lessons?', answer: 'Written notice must reach the office' },
      { question: 'How long is the adult card valid?', answer: 'valid for 5 months' },
      { question: 'Are there evening lessons?', answer: 'until 21:00' },
      { question: 'Have the teachers been police checked?', answer: 'passed a police check' },
    ],
    notCovered: [
      'Do you teach the harp?',
      'Can you tune my piano?',
      'Do you offer online lessons?',
      'Is there a school orchestra?',
      'Do you rent rehearsal rooms?',
      'What qualifications do the teachers have?',
      'Where can I park?',
      'Do you have summer camps?',
      'Can I record an album with you?',
      'Which strings should I buy?',
      'Is there a choir for seniors?',
      'How do I read sheet music?',
      'Who composed the Moonlight Sonata?',
      'What is the tallest building in the world?',
    ],
  },
  {
    name: 'solgrid-energy.md',
    text: `# Solgrid Energy: customer questions

**When do I get my bill?**
You get a bill every three months by e-mail. A paper bill costs $2.

**How do I read my meter?**
Write down the black digits from left to right and ignore the red ones. Send us the reading in the app or by text to 55512.

**What is the standing charge?**
The standing charge is 41 cents a day. It covers the cost of your connection and is due even if you use no power.

**How do I switch to Solgrid?**
Enter your postcode and meter number on our website. Switching takes 14 days and your supply is never interrupted. We tell your old supplier for you.

**What if I move home?**
Give us your new address and the final reading at least two days before you move out. You can take your tariff with you.

**I cannot pay my bill. What now?**
Please call 555-0111 as early as possible. We can spread the debt over up to 12 months without interest. We never disconnect homes between November and March.

**How do solar credits work?**
Power that your panels feed into the grid earns 9 cents per kWh. Credits are taken off your next bill, or paid out once a year if you ask.

**My power is out. Who do I call?**
Call the network operator on 105, day or night. First check that the main switch in your fuse box is on.

**Is your energy green?**
All our electricity comes from wind and sun. Our gas is not carbon neutral yet.

**Do you install heat pumps?**
Yes, in the counties of Aldmoor and Wexley. An adviser visits you free of charge and quotes a fixed price.

**Can I end my contract early?**
Variable tariffs can be left at any time. Fixed tariffs have an exit fee of $45 per fuel, which is waived in the last 49 days.`,
    covered: [
      { question: 'How often do I get a bill?', answer: 'every three months' },
      { question: 'How much is a paper bill?', answer: 'A paper bill costs $2' },
      { question: 'How do I read the meter?', answer: 'Write down the black digits' },
      { question: 'What is the standing charge?', answer: '41 cents a day' },
      { question: 'How long does switching take?', answer: 'Switching takes 14 days' },
      { question: 'Will my supply be interrupted when I switch?', answer: 'never interrupted' },
      { question: "I'm moving out, what do I have to do?", answer: 'Give us your new address and the final reading' },
      { question: "I can't pay my bill", answer: 'Please call 555-0111' },
      { question: 'Do you disconnect people in winter?', answer: 'never disconnect homes between November and March' },
      { question: 'How much do I earn for solar power?', answer: '9 cents per kWh' },
      { question: 'Who should I call when the power is out?', answer: 'network operator on 105' },
      { question: 'Is your gas carbon neutral?', answer: 'Our gas is not carbon neutral' },
      { question: 'Do you install heat pumps in Wexley?', answer: 'Aldmoor and Wexley' },
      { question: 'Is there an exit fee?', answer: 'exit fee of $45' },
      { question: 'Can I leave a variable tariff?', answer: 'left at any time' },
    ],
    notCovered: [
      'Do you sell batteries?',
      'What is the price per kWh on the night tariff?',
      'How do I get a smart meter?',
      'Do you install car chargers?',
      'Can I pay in cash at a shop?',
      'Who regulates you?',
      'Is there a discount for veterans?',
      'How do I change the name on my account?',
      'Do you supply businesses?',
      'How much energy does a fridge use?',
      'Can I join two accounts?',
      'How do I bleed a radiator?',
      'What is the speed of light?',
      'Who is the fastest man alive?',
    ],
  },
  {
    name: 'kestrel-camping.md',
    text: `# Kestrel Lake Campsite

## Season and office hours

The site is open from 1 April to 31 October. The office is staffed from 8:00 to 12:00 and 14:00 to 19:00. Gates are shut between 22:30 and 6:30.

## Pitches

- Tent pitch: $18 a night
- Caravan pitch with power: $32 a night
- Cabin for four: $75 a night, two nights minimum

Prices include two adults. Each extra person pays $6 and children under 5 stay for nothing.

## Arrival

Pitches are ready from 14:00 and must be cleared by 11:00. If you arrive after the gates are shut, park in the lay-by and check in the next morning.

## Booking

Reserve on our website or by phone. A deposit of 30 percent is taken by card. Cancel up to 14 days before arrival and we return the deposit. After that it is lost.

## Fires and barbecues

Open fires are forbidden. Gas and charcoal barbecues are fine if they stand off the grass. Wood can be bought at the office for use in the communal fire pit.

## Animals

Dogs must be kept on a lead and are not allowed on the beach from June to August. We charge $3 per dog and night.

## Water and boats

The lake is safe for swimming, but there is no lifeguard. Canoes cost $10 an hour, life jackets included. Motor boats are banned.

## Facilities

Hot showers are free. The laundry takes tokens from the office: $4 to wash and $2 to dry. The shop sells bread from 7:30. Wi-Fi reaches the office area only.

## Quiet

Please be quiet from 22:00 to 7:00. Generators may not be used at any time.`,
    covered: [
      { question: 'When does the season start?', answer: 'from 1 April to 31 October' },
      { question: 'What are the office hours?', answer: '8:00 to 12:00' },
      { question: 'How much is a tent pitch?', answer: 'Tent pitch: $18 a night' },
      { question: 'What does a cabin cost?', answer: 'Cabin for four: $75' },
      { question: 'How much does an extra person pay?', answer: 'Each extra person pays $6' },
      { question: 'When must I leave my pitch?', answer: 'cleared by 11:00' },
      { question: 'What if I arrive late after the gates are closed?', answer: 'park in the lay-by' },
      { question: 'How much is the deposit?', answer: 'deposit of 30 percent' },
      { question: 'Can I get my deposit back if I cancel?', answer: 'we return the deposit' },
      { question: 'Can I make an open fire?', answer: 'Open fires are forbidden' },
      { question: 'Are barbecues allowed?', answer: 'charcoal barbecues are fine' },
      { question: 'Are dogs allowed on the beach?', answer: 'not allowed on the beach from June to August' },
      { question: 'How much is it to rent a canoe?', answer: 'Canoes cost $10 an hour' },
      { question: 'Is there a lifeguard?', answer: 'no lifeguard' },
      { question: 'Can I do laundry?', answer: 'The laundry takes tokens' },
      { question: 'Is there wifi on the site?', answer: 'Wi-Fi reaches the office area only' },
      { question: 'When are quiet hours?', answer: 'quiet from 22:00 to 7:00' },
    ],
    notCovered: [
      'Do you have a restaurant?',
      'Is there a playground?',
      'Can I fish in the lake?',
      'Do you rent tents?',
      'How do I get there by train?',
      'Is there a bike trail nearby?',
      'Do you host weddings?',
      'Can I leave my caravan over the winter?',
      'How deep is the lake?',
      'Are there electric car chargers?',
      'Do you have a discount for scouts?',
      'Is the water drinkable?',
      'What is the population of Canada?',
      'Tell me a bedtime story',
    ],
  },
  {
    name: 'lumen-hr.md',
    text: `# Lumen HR help centre

## Requesting time off

1. Open **Time off** in the left menu.
2. Choose the type, the first and the last day.
3. Press Submit. Your manager gets an e-mail and approves or declines.

You can withdraw a request until it starts. Half days are entered by ticking "Half day".

## Payslips

Payslips are published on the 25th of each month under Documents > Payslips. You can download them as PDF for 7 years after you leave the company.

## Resetting your password

Click "Forgot password" on the sign-in page. The link in the e-mail is valid for 30 minutes. After 5 wrong attempts the account is locked for one hour.

## Two-step sign-in

Administrators can require an authenticator app for everyone. If you lose your phone, ask an administrator to reset the second step.

## Adding employees

Administrators add people under Company > People > Add person, or upload a CSV with up to 500 rows. New employees get an invitation that expires after 7 days.

## Roles

| Role | Can see | Can change |
| --- | --- | --- |
| Employee | Own data | Own address and bank details |
| Manager | Team calendar and absences | Approvals |
| Administrator | Everything | Everything |

## Integrations

Lumen connects to Slack, Microsoft Teams and DATEV. Payroll data is sent to DATEV on the last working day of the month. Connect an app under Company > Integrations.

## Pricing

Lumen costs $4 per employee and month, with a minimum of $40. Former employees are not counted. You can cancel monthly; yearly contracts are 20 percent cheaper.

## Support

Write to help@lumen.example or use the chat on weekdays from 8 a.m. to 6 p.m. Average answer time is 2 hours. Phone support is part of the Enterprise plan.`,
    covered: [
      { question: 'How do I request time off?', answer: 'Open **Time off** in the left menu' },
      { question: 'How do I enter a half day?', answer: 'ticking "Half day"' },
      { question: 'When are payslips published?', answer: 'on the 25th of each month' },
      { question: 'Where can I find my payslip?', answer: 'Documents > Payslips' },
      { question: 'I forgot my password', answer: 'Click "Forgot password"' },
      { question: 'How long is the reset link valid?', answer: 'valid for 30 minutes' },
      { question: 'When does my account get locked?', answer: 'After 5 wrong attempts' },
      { question: 'I lost my phone, how can I sign in?', answer: 'ask an administrator to reset the second step' },
      { question: 'How do I add an employee?', answer: 'Company > People > Add person' },
      { question: 'How many rows can the CSV have?', answer: 'up to 500 rows' },
      { question: 'When does an invitation expire?', answer: 'expires after 7 days' },
      { question: 'What can a manager see?', answer: 'Team calendar and absences' },
      { question: 'Does Lumen connect to Slack?', answer: 'Lumen connects to Slack' },
      { question: 'How much does Lumen cost per employee?', answer: '$4 per employee' },
      { question: 'Are yearly contracts cheaper?', answer: '20 percent cheaper' },
      { question: 'What are the support hours?', answer: '8 a.m. to 6 p.m.' },
      { question: 'Do you have phone support?', answer: 'Phone support is part of the Enterprise plan' },
    ],
    notCovered: [
      'How do I log my working hours?',
      'Can I request a raise?',
      'Is there a mobile app?',
      'How many vacation days do I have by law?',
      'Does Lumen work with Xero?',
      'How do I delete an employee?',
      'Can I change the language to Polish?',
      'Where do you host the data?',
      'How do I export a report to Excel?',
      'Can candidates apply through Lumen?',
      'Do you offer training for administrators?',
      'What is a good notice period for managers?',
      'Who won the Oscar for best actor?',
      'How do I bake bread?',
    ],
  },
]
