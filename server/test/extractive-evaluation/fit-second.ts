import type { EvaluationDocument } from './evaluation-document.ts'

/** Last six of the twelve companies the coefficients are fitted on. */
export const fitSecond: EvaluationDocument[] = [
  {
    name: 'odd-sock-records.md',
    text: `# Odd Sock Records: shipping and returns

## Shipping rates

| Destination | Standard | Express |
| --- | --- | --- |
| United Kingdom | £3.50, 2 to 4 days | £7.00, next day |
| Europe | £9.00, 5 to 8 days | £18.00, 2 to 3 days |
| Rest of the world | £14.00, 10 to 20 days | £32.00, 4 to 6 days |

Orders over £60 ship free within the United Kingdom.

## When we ship

Orders placed before 1 p.m. on a working day leave our warehouse the same day. Pre-orders ship one day before the release date. We do not ship on bank holidays.

## Tracking

You receive a tracking link by e-mail as soon as the parcel is handed to the carrier. If tracking has not moved for 7 days, write to us and we will open an inquiry.

## Customs

Buyers outside the United Kingdom pay any import duty and tax on delivery. We cannot mark parcels as gifts.

## Returning records

Sealed records can be returned within 14 days. Records that have been played are only accepted if they are faulty. Please post returns to Odd Sock Records, Unit 7, Mill Lane, Leeds. Return postage is paid by the buyer, except for faulty records.

## Faulty or warped records

Send us a short video that shows the fault. We will offer a replacement or a full refund. Surface noise that clears after cleaning is not a fault.

## Combining orders

To combine several orders in one parcel, add the note "combine" at checkout. We hold combined orders for up to 3 weeks.

## Used records

All second-hand records are graded with the Goldmine scale. We clean every used record with an ultrasonic bath before sale. We buy collections of 50 records or more; e-mail a list to buying@oddsock.example.`,
    covered: [
      { question: 'How much is express shipping to Europe?', answer: '£18.00' },
      { question: 'How long does delivery to the UK take? I mean the United Kingdom', answer: '2 to 4 days' },
      { question: 'When is shipping free?', answer: 'Orders over £60 ship free' },
      { question: 'When do pre-orders ship?', answer: 'one day before the release date' },
      { question: 'Will my order be sent the same day?', answer: 'leave our warehouse the same day' },
      { question: 'Where can I see the tracking of my parcel?', answer: 'tracking link by e-mail' },
      { question: 'Do I have to pay import tax?', answer: 'pay any import duty and tax' },
      { question: 'Can you mark the package as a gift?', answer: 'cannot mark parcels as gifts' },
      { question: 'Can I return a record I have played?', answer: 'only accepted if they are faulty' },
      { question: 'How long do I have to send back a sealed record?', answer: 'within 14 days' },
      { question: 'My record is warped', answer: 'Send us a short video' },
      { question: 'Who pays for return postage?', answer: 'Return postage is paid by the buyer' },
      { question: 'Can I combine two orders?', answer: 'add the note "combine" at checkout' },
      { question: 'How do you grade used vinyl records?', answer: 'Goldmine scale' },
      { question: 'Do you buy record collections?', answer: 'We buy collections of 50 records' },
      { question: 'What is your returns address?', answer: 'Unit 7, Mill Lane, Leeds' },
    ],
    notCovered: [
      'Do you sell turntables?',
      'Can I reserve a record in the shop?',
      'Do you have gift vouchers?',
      'Which pressing of Kind of Blue is best?',
      'Can I pay with Klarna?',
      'Do you press vinyl for bands?',
      'How do I join the newsletter?',
      'Are there listening stations in the store?',
      'How do I clean my stylus?',
      'Do you repair amplifiers?',
      'What is the capital of Peru?',
      'Who won the 1998 world cup?',
      'What year did the Beatles split up?',
      'Do you sell cassettes?',
    ],
  },
  {
    name: 'fernbrook-climbing.md',
    text: `# Fernbrook Climbing Centre

## Opening times

We open at 10:00 every day. On weekdays we close at 23:00, at weekends at 20:00. On 24 and 25 December the centre is closed.

## Entry prices

- Adult day pass: $16
- Student day pass: $12
- Child under 14: $9
- Ten-entry card: $140, valid for two years

Shoe hire is $5 and chalk bag hire is $2. Harnesses are free with a day pass.

## Membership

Monthly membership costs $58 and has no minimum term. You can freeze your membership for up to 3 months a year. To end it, write to desk@fernbrook.example by the 20th of the month. Members may bring one guest a month for free.

## First visit

Everyone signs a waiver before climbing. First-time visitors get a 20-minute safety briefing at no extra cost. You do not need to book ahead for bouldering. To use the lead wall you must pass a belay test.

## Courses

The beginner course runs on Tuesdays at 18:30 and lasts four weeks. It costs $95 including shoes. Groups have at most 8 people. If you miss a session you can catch up in the next course.

## Children

Children under 14 must be supervised by an adult at all times. One adult may look after up to 3 children. Birthday parties can be booked for groups of 6 to 15 kids and cost $19 per child.

## Rules

Loose chalk is not allowed; use a chalk ball or liquid chalk. Food may only be eaten in the cafe. Do not walk under climbers.

## Facilities

Lockers take a $1 coin, which you get back. There are showers in both changing rooms. The cafe closes one hour before the centre.`,
    covered: [
      { question: 'When do you open?', answer: 'We open at 10:00 every day' },
      { question: 'What time do you close on weekends?', answer: 'at weekends at 20:00' },
      { question: 'Are you open at Christmas on 25 December?', answer: 'the centre is closed' },
      { question: 'How much is a day pass for students?', answer: 'Student day pass: $12' },
      { question: 'Can I rent shoes?', answer: 'Shoe hire is $5' },
      { question: 'How much does a monthly membership cost?', answer: 'Monthly membership costs $58' },
      { question: 'Can I pause my membership?', answer: 'freeze your membership for up to 3 months' },
      { question: 'How do I cancel my membership?', answer: 'To end it, write to desk@fernbrook.example' },
      { question: 'Do I need to reserve for bouldering?', answer: 'do not need to book ahead' },
      { question: 'When is the beginner course?', answer: 'Tuesdays at 18:30' },
      { question: 'How many people are in a course group?', answer: 'at most 8 people' },
      { question: 'Can I bring a friend for free?', answer: 'bring one guest a month' },
      { question: 'Can my kids climb alone?', answer: 'must be supervised by an adult' },
      { question: 'How much is a birthday party?', answer: '$19 per child' },
      { question: 'Is loose chalk allowed?', answer: 'Loose chalk is not allowed' },
      { question: 'Do you have showers?', answer: 'There are showers' },
      { question: 'How long is the ten-entry card valid?', answer: 'valid for two years' },
    ],
    notCovered: [
      'Do you have a sauna?',
      'Is there a yoga class?',
      'How high is the wall?',
      'Can I become a route setter?',
      'Do you sell climbing shoes?',
      'Is there parking for campers?',
      'Do you take dogs?',
      'Which grade is the blue circuit?',
      'Do you offer physiotherapy?',
      'Is the centre air conditioned?',
      'How do I tie a figure-eight knot?',
      'Do companies get a corporate rate?',
      'Who was the first person on the moon?',
      'Write me a poem',
    ],
  },
  {
    name: 'quillbase-api.md',
    text: `# Quillbase API guide

## Authentication

Pass your key in the \`Authorization\` header as a bearer token. Keys start with \`qb_live_\` or \`qb_test_\`. Create keys in the dashboard under Developers > Keys. A key is shown only once, so store it in a secret manager.

\`\`\`http
GET /v2/documents HTTP/1.1
Host: api.quillbase.example
Authorization: Bearer qb_test_123
\`\`\`

## Rate limits

Each key may send 100 requests per minute. When you exceed the limit the API answers \`429 Too Many Requests\` with a \`Retry-After\` header in seconds. Contact sales to raise the limit.

## Pagination

Lists return 50 items by default and at most 200. Pass \`limit\` and \`cursor\` to page through results. The response field \`next_cursor\` is null on the last page.

## Upload a document

1. Create an upload with \`POST /v2/uploads\`.
2. Send the bytes with \`PUT\` to the returned \`upload_url\`.
3. Finish with \`POST /v2/uploads/:id/complete\`.

Files can be up to 512 MB. Upload URLs expire after 15 minutes. Supported formats are PDF, DOCX, Markdown and plain text.

## Search

\`GET /v2/search?q=\` searches titles and bodies. Results are sorted by relevance; pass \`sort=updated_at\` to sort by date. Search covers only documents the key's user can read. New documents become searchable after about 30 seconds.

## Errors

Errors have a \`code\`, a \`message\` and a \`request_id\`. Include the \`request_id\` when you write to support. A \`409 conflict\` means that the document was changed since you read it: fetch it again and repeat your change.

## Idempotency

Send an \`Idempotency-Key\` header with POST requests to make retries safe. Keys are remembered for 24 hours. Repeating a key with a different body returns \`422\`.

## Versioning

Breaking changes get a new major version, e.g. v3. Old versions are supported for 18 months after the next one is released.

## Sandbox

Test keys work on a separate sandbox with sample data. The sandbox is wiped every Sunday at 02:00 UTC.`,
    covered: [
      { question: 'How do I authenticate?', answer: 'Pass your key in the `Authorization` header' },
      { question: 'Where do I create an API key?', answer: 'Developers > Keys' },
      { question: 'What is the rate limit?', answer: '100 requests per minute' },
      { question: 'What happens if I exceed the rate limit?', answer: '429 Too Many Requests' },
      { question: 'How many items does a list return?', answer: '50 items by default' },
      { question: 'How do I paginate through results?', answer: 'Pass `limit` and `cursor`' },
      { question: 'How do I upload a document?', answer: 'POST /v2/uploads' },
      { question: 'What is the maximum file size?', answer: 'up to 512 MB' },
      { question: 'Which file formats are supported?', answer: 'PDF, DOCX, Markdown and plain text' },
      { question: 'When do upload URLs expire?', answer: 'after 15 minutes' },
      { question: 'How can I sort search results by date?', answer: 'sort=updated_at' },
      { question: 'What does a 409 conflict mean?', answer: 'the document was changed since you read it' },
      { question: 'How do I make retries safe?', answer: '`Idempotency-Key` header' },
      { question: 'How long are idempotency keys remembered?', answer: 'remembered for 24 hours' },
      { question: 'How long is an old version supported?', answer: 'supported for 18 months' },
      { question: 'When is the sandbox wiped?', answer: 'every Sunday at 02:00 UTC' },
      { question: 'How do I know that I am on the last page?', answer: '`next_cursor` is null' },
    ],
    notCovered: [
      'Is there a Ruby client?',
      'How do I set up webhooks?',
      'Can I restore a deleted document?',
      'Do you support OAuth?',
      'How do I share a document with a guest?',
      'What is the price per seat?',
      'How do I translate a document?',
      'Do you have a status page?',
      'Can I run Quillbase on premises?',
      'How do I change the font?',
      'Who is your CEO?',
      'Does Quillbase work offline?',
      'How far away is the sun?',
      'What is the best programming language?',
    ],
  },
  {
    name: 'bramble-vets.md',
    text: `# Bramble Vets: information for pet owners

## Booking a visit

Phone 555-0170 or use the online calendar. A standard consultation lasts 15 minutes and costs $52. Repeat visits for the same problem within 14 days are half price.

## Out of hours

Between 7 p.m. and 8 a.m. calls are answered by Nightpaw Animal Hospital in Eastgate. An emergency fee of $150 applies. Call before you set off so that the team can prepare.

## Vaccinations

Puppies need their first vaccination at 8 weeks and a second at 12 weeks. Kittens are vaccinated at 9 and 12 weeks. Adult dogs and cats need a booster every year. We send a reminder by text two weeks before it is due.

## Neutering

We recommend neutering cats from the age of 5 months. Your pet must not eat after 10 p.m. on the evening before the operation; water is fine. Most animals go home the same afternoon. Stitches are removed after 10 days.

## Prescriptions

Repeat prescriptions need 48 hours notice. Animals on long-term medicine must be seen by a vet every 6 months. Unused medicine cannot be taken back, by law.

## Fleas and worms

Treat cats and dogs against fleas every month. Never use dog flea products on cats because permethrin is poisonous to them. Worm adult pets every three months.

## Travelling abroad

Dogs, cats and ferrets need a microchip and a rabies vaccination at least 21 days before travel. We issue animal health certificates for $110. Please book the certificate appointment within 10 days of departure.

## Paying

Payment is due at the end of each visit. We take cards and cash. We can claim directly from PetSafe and Tailguard insurance; for other insurers we fill in the form for you free of charge.

## Saying goodbye

If the time has come to put your pet to sleep, we can do it at home. Individual cremation with return of the ashes takes about a week.`,
    covered: [
      { question: 'How much is a consultation?', answer: 'costs $52' },
      { question: 'How do I book a visit?', answer: 'Phone 555-0170' },
      { question: 'Who do I call at night?', answer: 'Nightpaw Animal Hospital' },
      { question: 'What is the emergency fee?', answer: 'emergency fee of $150' },
      { question: 'When does my puppy need its first vaccination?', answer: 'first vaccination at 8 weeks' },
      { question: 'When are kittens vaccinated?', answer: '9 and 12 weeks' },
      { question: 'How often do adult dogs need a booster?', answer: 'booster every year' },
      { question: 'Can my cat eat before the operation?', answer: 'must not eat after 10 p.m.' },
      { question: 'When are the stitches taken out?', answer: 'Stitches are removed after 10 days' },
      { question: 'How much notice do you need for a repeat prescription?', answer: '48 hours notice' },
      { question: 'Can I return unused medicine?', answer: 'cannot be taken back' },
      { question: 'How often should I treat my cat for fleas?', answer: 'against fleas every month' },
      { question: 'Can I use dog flea drops on my cat?', answer: 'Never use dog flea products on cats' },
      { question: 'What does my dog need for travelling abroad?', answer: 'need a microchip and a rabies vaccination' },
      { question: 'How much is an animal health certificate?', answer: '$110' },
      { question: 'Do you work with Tailguard?', answer: 'claim directly from PetSafe and Tailguard' },
      { question: 'from what age should cats be neutered?', answer: 'from the age of 5 months' },
    ],
    notCovered: [
      'Do you treat rabbits?',
      'Where can I park?',
      'Do you offer dog grooming?',
      'How much does an X-ray cost?',
      'What should I feed my puppy?',
      'Do you have a hydrotherapy pool?',
      'Can I adopt a kitten from you?',
      'Are you open on Sundays?',
      'How do I train my dog to sit?',
      'Which vets work at Bramble?',
      'Do you offer a pet health plan?',
      'How much is microchip removal surgery?',
      'Who invented the telephone?',
      'Tell me a joke',
    ],
  },
  {
    name: 'vela-broadband.md',
    text: `# Vela Broadband help

## Setting up your router

1. Plug the fibre cable into the white wall box.
2. Connect the router to the wall box with the yellow cable.
3. Switch the router on and wait until the light is solid green. This can take up to 10 minutes.

The network name and password are printed on the bottom of the router.

## What the lights mean

- Solid green: everything works.
- Blinking orange: the router is updating. Do not switch it off.
- Solid red: no connection. Check the yellow cable first.

## Slow connection

Run a speed test with a cable, not over Wi-Fi. If the result is below 80 percent of your plan's speed three times on one day, contact us and we will send an engineer free of charge. Restarting the router solves most problems. Place the router high up and away from microwaves.

## Changing the Wi-Fi password

Open http://192.168.1.1 in a browser, sign in with the code on the router's label, and choose Wireless > Security. All devices must reconnect afterwards.

## Moving house

Tell us at least 3 weeks before you move. The move costs $35, and your contract continues unchanged. If we cannot supply your new address, you may leave without paying an exit fee.

## Contract and cancellation

The first contract runs for 18 months, then month by month. The notice period is 30 days. If you leave early, the exit fee is $12 for each remaining month. You must return the router within 14 days or pay $85.

## Bills

Bills are issued on the 5th and collected on the 19th of each month. A late payment adds a $6 fee. You can change the collection date once a year in the Vela app.

## Outages

See current outages at status.vela.example. If your service is down for more than 2 working days, we pay $9 for each further day without you asking.

## Phone line

Keep your old number by entering it when you order; porting takes about 5 working days. Calls to national landlines are included. International calls cost from 4 cents a minute.`,
    covered: [
      { question: 'How do I set up my router?', answer: 'Plug the fibre cable into the white wall box' },
      { question: 'Where do I find the network password?', answer: 'printed on the bottom of the router' },
      { question: 'What does a red light mean?', answer: 'Solid red: no connection' },
      { question: 'Why is the light blinking orange?', answer: 'the router is updating' },
      { question: 'My internet connection is slow', answer: 'Run a speed test with a cable' },
      { question: 'How do I change my wifi password?', answer: 'Open http://192.168.1.1' },
      { question: 'I am moving house, when should I tell you?', answer: 'at least 3 weeks before you move' },
      { question: 'How much does moving cost?', answer: 'The move costs $35' },
      { question: 'How long is the contract?', answer: 'runs for 18 months' },
      { question: 'What is the notice period?', answer: 'notice period is 30 days' },
      { question: 'What is the fee for leaving early?', answer: '$12 for each remaining month' },
      { question: 'Do I have to return the router?', answer: 'return the router within 14 days' },
      { question: 'When is the bill collected?', answer: 'collected on the 19th' },
      { question: 'What is the late payment fee?', answer: '$6 fee' },
      { question: 'Where can I check for outages?', answer: 'status.vela.example' },
      { question: 'Do I get compensation when the service is down?', answer: 'we pay $9' },
      { question: 'Can I keep my phone number?', answer: 'Keep your old number' },
    ],
    notCovered: [
      'Do you sell TV packages?',
      'Can I get a static IP address?',
      'How do I block websites for my children?',
      'Is there a discount for pensioners?',
      'Do you support IPv6?',
      'How do I open a port on the router?',
      'Which mobile phones do you sell?',
      'Can I connect two routers in a mesh?',
      'What are your call centre hours?',
      'Is 5G harmful?',
      'How do I set up e-mail?',
      'Who owns Vela?',
      'What is the largest ocean?',
      'hello',
    ],
  },
  {
    name: 'stonegate-moving.md',
    text: `# Stonegate Removals: customer handbook

## Getting a quote

Fill in the online form or send us a video walk-through of your home. Quotes are free and valid for 60 days. For homes with more than four rooms a surveyor visits you in person.

## Booking and deposit

We reserve your date once the 20 percent deposit has been paid. The rest is due three days before the move. You can change the date without charge up to 10 days in advance. If you cancel less than 7 days before the move, we keep the deposit.

## Packing

Our packing service costs $45 per hour and packer. If you pack yourself, we deliver 30 boxes free of charge a week before. Do not pack jewellery, passports, medicine or gas bottles.

## On the day

The crew arrives between 7:30 and 8:30 and calls 30 minutes ahead. Please reserve a parking space for a truck of 9 metres. Unplug the fridge and freezer 24 hours before. Pianos, safes and aquariums must be announced when you book.

## Storage

Storage units are available from 3 to 40 square metres. The smallest costs $60 a month. The site is open from 6:00 to 22:00 and guarded by cameras. You need a PIN to enter; it is sent by text after payment.

## Insurance and damage

Every move is insured up to $50,000. Report visible damage to the crew chief before you sign the delivery note. Hidden damage must be reported in writing within 10 days. Claims are settled within 30 days. Boxes you packed yourself are not insured.

## International moves

Moves to Canada take 6 to 8 weeks by sea. We prepare the customs papers; you provide an inventory list and a copy of your passport. Plants and alcohol cannot be shipped abroad.

## Tips and complaints

Tips are welcome but never expected. Please send complaints to care@stonegate.example; we answer within 2 working days.`,
    covered: [
      { question: 'How do I get a quote?', answer: 'Fill in the online form' },
      { question: 'How long is a quote valid?', answer: 'valid for 60 days' },
      { question: 'How much deposit do I have to pay?', answer: '20 percent deposit' },
      { question: 'Can I change the moving date?', answer: 'change the date without charge' },
      { question: 'What happens if I cancel five days before?', answer: 'we keep the deposit' },
      { question: 'How much does packing cost?', answer: '$45 per hour and packer' },
      { question: 'How many free boxes do I get?', answer: '30 boxes free of charge' },
      { question: 'What should I not pack?', answer: 'Do not pack jewellery' },
      { question: 'When does the crew arrive?', answer: 'between 7:30 and 8:30' },
      { question: 'Can you move a piano?', answer: 'Pianos, safes and aquariums must be announced' },
      { question: 'What is the price of the smallest storage unit?', answer: 'The smallest costs $60 a month' },
      { question: 'When can I access the storage site?', answer: 'open from 6:00 to 22:00' },
      { question: 'Is my move insured?', answer: 'insured up to $50,000' },
      { question: 'How do I report hidden damage?', answer: 'reported in writing within 10 days' },
      { question: 'How long does a move to Canada take?', answer: '6 to 8 weeks by sea' },
      { question: 'Should I tip the crew?', answer: 'Tips are welcome but never expected' },
      { question: 'where can I complain?', answer: 'care@stonegate.example' },
      { question: 'are boxes that I packed myself insured', answer: 'packed yourself are not insured' },
    ],
    notCovered: [
      'Do you clean the old flat?',
      'Can I rent a van and drive it myself?',
      'Do you move pets?',
      'How do I forward my mail?',
      'Do you dispose of old furniture?',
      'What languages does the crew speak?',
      'Do you work on Sundays?',
      'Can you install my washing machine?',
      'Do you offer office relocation?',
      'Is the company family owned?',
      'How do I register at the town hall?',
      'Do you sell second-hand furniture?',
      'What is the square root of 144?',
      'Who discovered penicillin?',
    ],
  },
]
