import type { EvaluationDocument } from './evaluation-document.ts'

/** First six of the twelve companies the coefficients are fitted on and the ranking was tuned with. */
export const fitFirst: EvaluationDocument[] = [
  {
    name: 'larkspur-returns.md',
    text: `# Returns and refunds

Larkspur Bikes wants you to be happy with every order. This page explains how returns work.

## Return window

You can return unused items within 30 days of delivery. Bikes that have been ridden outdoors are not eligible for return. Sale items can be exchanged for store credit only.

## Opened items

Opened items are accepted if they are in resalable condition and include all original parts. Opened inner tubes, saddles and energy gels cannot be returned for hygiene reasons.

## How to start a return

1. Log in and open **My orders**.
2. Choose the item and press *Return item*.
3. Print the prepaid label and stick it on the box.
4. Drop the box at any ParcelPoint shop.

We charge a $9.50 restocking fee on frames and complete bikes.

## Refund timing

Refunds are issued to the original payment method within 5 business days after we receive the item. Your bank may need another 3 to 7 days to post the money. Shipping costs are not refunded unless the item arrived damaged.

## Damaged or wrong items

Send a photo of the damage to returns@larkspur.example within 48 hours of delivery. We will ship a replacement free of charge.

## Warranty

Frames carry a lifetime warranty for the first owner. Components such as brakes and gears are covered for 2 years. The warranty does not cover crash damage or normal wear.`,
    covered: [
      { question: 'How long do refunds take?', answer: 'within 5 business days after we receive the item' },
      { question: 'Can I return opened items?', answer: 'Opened items are accepted' },
      { question: 'How many days do I have to return something?', answer: 'within 30 days of delivery' },
      { question: 'How do I start a return?', answer: 'Choose the item and press *Return item*' },
      { question: 'Is there a restocking fee?', answer: '$9.50 restocking fee' },
      { question: 'Can I send back a saddle that I opened?', answer: 'saddles and energy gels cannot be returned' },
      { question: 'Do I get my shipping costs back?', answer: 'Shipping costs are not refunded' },
      { question: 'My bike arrived damaged, what should I do?', answer: 'Send a photo of the damage' },
      { question: 'How long is the warranty on the frame?', answer: 'lifetime warranty' },
      { question: 'are brakes covered by the warranty', answer: 'covered for 2 years' },
      { question: 'Does the warranty cover crashes?', answer: 'does not cover crash damage' },
      { question: 'Can I return sale items?', answer: 'exchanged for store credit only' },
      { question: 'Where do I drop off the return package?', answer: 'any ParcelPoint shop' },
      { question: 'When will my bank show the money?', answer: 'another 3 to 7 days' },
      { question: 'Can I return a bike I have already ridden?', answer: 'not eligible for return' },
    ],
    notCovered: [
      'What is the capital of Peru?',
      'Who won the 1998 world cup?',
      'Do you sell electric bikes?',
      'How much does a child seat cost?',
      'Do you offer bike rental?',
      'Can I pay with PayPal?',
      'How do I adjust my derailleur?',
      'What are your opening hours?',
      'Do you ship to Norway?',
      'Write me a poem',
      'Is there a student discount?',
      'How do I reset my password?',
      'Which helmet size should I buy?',
      'hello',
    ],
  },
  {
    name: 'harbour-dental.md',
    text: `# Harbour Dental Clinic

## Opening hours

| Day | Hours |
| --- | --- |
| Monday to Thursday | 8:00 to 18:00 |
| Friday | 8:00 to 14:00 |
| Saturday | 9:00 to 12:00 |

We are closed on Sundays and public holidays.

## Appointments

Book online or call 555-0142 during opening hours. New patients should arrive 15 minutes early to fill in the medical history form. Please cancel at least 24 hours before your visit, e.g. by replying to the reminder text. Missed appointments are billed at $40.

## Emergencies

If you have severe pain or a broken tooth, call us before 9 a.m. and we will see you the same day. Outside opening hours, dial the on-call dentist at 555-0199.

## Prices

A routine check-up costs $65 and includes one X-ray. Professional cleaning is $80. Fillings start at $120 per tooth. We accept cash, Visa and Mastercard, but not American Express.

## Insurance

We bill Delmont Health and CareFirst directly. Patients with other insurers pay first and receive an invoice to submit.

## Children

Dr. Ines Okafor treats children from the age of 3. Parents must stay in the room during treatment of children under 10.

## Getting here

The clinic is at 14 Quay Street, above the bakery. Free parking is available behind the building. The tram stop Old Harbour is a 2-minute walk away. The entrance has a step-free ramp and a lift.`,
    covered: [
      { question: 'What time do you close on Friday?', answer: '8:00 to 14:00' },
      { question: 'Are you open on Saturday?', answer: '9:00 to 12:00' },
      { question: 'Are you open on Sundays?', answer: 'closed on Sundays' },
      { question: 'How much is a check-up?', answer: 'A routine check-up costs $65' },
      { question: 'What does teeth cleaning cost?', answer: 'Professional cleaning is $80' },
      { question: 'How do I book an appointment?', answer: 'Book online or call 555-0142' },
      { question: 'What happens if I miss my appointment?', answer: 'Missed appointments are billed at $40' },
      { question: 'Do you take American Express?', answer: 'not American Express' },
      { question: 'Who treats children?', answer: 'Dr. Ines Okafor treats children' },
      { question: 'Where are you located?', answer: '14 Quay Street' },
      { question: 'Is there parking?', answer: 'Free parking is available' },
      { question: 'I broke a tooth, can I be seen today?', answer: 'see you the same day' },
      { question: 'Is the clinic wheelchair accessible?', answer: 'step-free ramp' },
      { question: 'Do you work with Delmont Health?', answer: 'We bill Delmont Health' },
      { question: 'How early should new patients come?', answer: '15 minutes early' },
      { question: 'how long before the visit can I cancel?', answer: 'at least 24 hours before your visit' },
    ],
    notCovered: [
      'Do you offer teeth whitening?',
      'How much do braces cost?',
      'Can you prescribe antibiotics online?',
      'Do you speak Spanish?',
      'Is there a waiting list for implants?',
      'Who owns the clinic?',
      'What is the wifi password?',
      'How many dentists work here?',
      'Do you offer payment plans?',
      'How do I brush properly?',
      'Can I bring my dog?',
      'Who is the president of France?',
      'Tell me a joke',
      'What is the boiling point of water?',
    ],
  },
  {
    name: 'pingwell-webhooks.md',
    text: `# Webhooks

Pingwell sends an HTTP POST to your endpoint whenever something happens in your account.

## Create an endpoint

Send a request to \`POST /v1/webhook_endpoints\` with a \`url\` and a list of \`events\`. The URL must use HTTPS. Each account can have up to 16 endpoints.

\`\`\`bash
curl https://api.pingwell.example/v1/webhook_endpoints \\
  -H "Authorization: Bearer $KEY" \\
  -d '{"url": "https://example.com/hook", "events": ["monitor.down"]}'
\`\`\`

## Verify the signature

Every delivery carries a \`Pingwell-Signature\` header. To verify it, compute an HMAC-SHA256 of the raw request body with your endpoint secret and compare it in constant time:

\`\`\`js
const expected = createHmac('sha256', secret).update(rawBody).digest('hex')
if (!timingSafeEqual(Buffer.from(expected), Buffer.from(received))) throw new Error('bad signature')
\`\`\`

Reject deliveries whose timestamp is older than 5 minutes to prevent replay attacks.

## Retries

If your endpoint does not answer with a 2xx status within 10 seconds, the delivery fails and is retried. We retry up to 8 times with exponential backoff over 24 hours. After the last attempt the delivery is marked as failed and the account owner gets an e-mail. An endpoint that fails for 3 days is disabled automatically.

## Ordering and duplicates

Events may arrive out of order. The same event can be delivered more than once, so store the \`event.id\` and ignore ids you have already processed.

## Event types

- \`monitor.down\` is sent when a monitor has failed 2 checks in a row.
- \`monitor.up\` is sent when a monitor recovers.
- \`incident.created\` is sent when a person opens an incident.

## Rotate the secret

Call \`POST /v1/webhook_endpoints/:id/rotate_secret\`. The old secret keeps working for 24 hours.

## Test locally

Run \`pingwell listen --forward localhost:3000\` to receive test events on your machine. No account upgrade is needed.`,
    covered: [
      { question: 'How do I verify a webhook signature?', answer: 'compute an HMAC-SHA256 of the raw request body' },
      { question: 'What happens when a delivery fails?', answer: 'is retried' },
      { question: 'How many times do you retry?', answer: 'up to 8 times' },
      { question: 'How do I create a webhook endpoint?', answer: 'POST /v1/webhook_endpoints' },
      { question: 'How many endpoints can I have?', answer: 'up to 16 endpoints' },
      { question: 'Does the endpoint url have to be https?', answer: 'must use HTTPS' },
      { question: 'Are events delivered in order?', answer: 'out of order' },
      { question: 'How do I handle duplicate events?', answer: 'ignore ids you have already processed' },
      { question: 'When is monitor.down sent?', answer: 'failed 2 checks in a row' },
      { question: 'How long does the old secret work after rotating?', answer: 'keeps working for 24 hours' },
      { question: 'How can I test webhooks on my machine?', answer: 'pingwell listen' },
      { question: 'When is an endpoint disabled?', answer: 'fails for 3 days' },
      { question: 'What is the timeout for my endpoint to answer?', answer: 'within 10 seconds' },
      { question: 'How do I protect against replay attacks?', answer: 'older than 5 minutes' },
      { question: 'which header contains the signature?', answer: '`Pingwell-Signature` header' },
    ],
    notCovered: [
      'How do I delete an endpoint?',
      'Is there a Python SDK?',
      'What are the API rate limits?',
      'How much does Pingwell cost?',
      'Can I get events over Kafka?',
      'Which IP addresses do webhooks come from?',
      'How do I create a monitor?',
      'Do you support GraphQL?',
      'How do I invite a team member?',
      'Where is my data stored?',
      'How do I export invoices?',
      'Is Pingwell SOC 2 certified?',
      'What is the capital of Peru?',
      'Who painted the Mona Lisa?',
    ],
  },
  {
    name: 'greenfold-faq.md',
    text: `# Greenfold Meals: frequently asked questions

**How does the subscription work?**
You choose between 2 and 5 recipes a week. We deliver a box with all ingredients every Tuesday. You are charged on the Thursday before delivery.

**Can I skip a week?**
Yes. Open the calendar in the app and tap Skip before Wednesday midnight. Skipped weeks are free.

**How do I cancel?**
Go to Settings > Plan > Cancel plan. You can cancel at any time and there is no cancellation fee. Boxes that have already been charged will still be delivered.

**Which diets do you cater for?**
We have vegetarian, vegan and gluten-free menus. We cannot guarantee that recipes are free of traces of nuts.

**What does a box cost?**
A box for two people starts at $48. A family box for four starts at $79. Delivery is included in the price.

**Is the packaging recyclable?**
The boxes and paper liners go in paper recycling. Ice packs can be drained and the film recycled with soft plastics.

**How long do the ingredients keep?**
Fish should be cooked within 2 days and meat within 4 days of delivery. Vegetables keep for about 5 days in the fridge.

**What if something is missing from my box?**
Tell us through the app within 3 days and we will credit the ingredient to your next box. We do not send single ingredients by post.

**Where do you deliver?**
We deliver to Ostby, Fernvale and all of Kell County. We do not deliver to islands.

**Can I change my delivery address?**
Yes, until Wednesday midnight for the coming week, under Settings > Address.

**Do you have gift cards?**
Gift cards are sold in amounts of $50 and $100 and are valid for 12 months.`,
    covered: [
      { question: 'Can I skip a week?', answer: 'tap Skip before Wednesday midnight' },
      { question: 'How do I cancel my plan?', answer: 'Go to Settings > Plan > Cancel plan' },
      { question: 'Is there a fee for cancelling?', answer: 'no cancellation fee' },
      { question: 'How much is a box for two people?', answer: 'starts at $48' },
      { question: 'What is the price of the family box?', answer: 'four starts at $79' },
      { question: 'Do you have vegan food?', answer: 'vegetarian, vegan and gluten-free' },
      { question: 'Are the recipes free of nuts?', answer: 'cannot guarantee' },
      { question: 'What day is the box delivered?', answer: 'every Tuesday' },
      { question: 'When do you charge me?', answer: 'charged on the Thursday before delivery' },
      { question: 'An ingredient is missing', answer: 'Tell us through the app within 3 days' },
      { question: 'Do you deliver to Fernvale?', answer: 'We deliver to Ostby, Fernvale' },
      { question: 'How long can I keep the fish?', answer: 'Fish should be cooked within 2 days' },
      { question: 'How long are gift cards valid?', answer: 'valid for 12 months' },
      { question: 'Can the ice packs be recycled?', answer: 'Ice packs can be drained' },
      { question: 'How do I change my address?', answer: 'under Settings > Address' },
      { question: 'How many recipes can I choose per week?', answer: 'between 2 and 5 recipes a week' },
    ],
    notCovered: [
      'Do you have kosher meals?',
      'How many calories are in a portion?',
      'Can I choose a morning delivery slot?',
      'Who are your farmers?',
      'Do you hire drivers?',
      'Can I pause for six months?',
      'Do you cook for events?',
      'What oven temperature should I use for lasagna?',
      'Is there a referral bonus?',
      'Can I pay by invoice?',
      'How do I delete my account?',
      'What is the meaning of life?',
      'Who wrote Hamlet?',
      'translate good morning into German',
    ],
  },
  {
    name: 'northlight-hotel.md',
    text: `# Northlight Hotel guest guide

## Arrival and departure

Check-in is from 3 p.m. and check-out is until 11 a.m. Late check-out until 2 p.m. costs $30, subject to availability. You can leave your luggage at reception before check-in and after check-out at no charge.

## Breakfast

Breakfast is served in the Lantern Room from 7:00 to 10:30, and until 11:00 at weekends. It costs $18 per person and is free for children under 6. Gluten-free bread and oat milk are available on request.

## Wi-Fi

Connect to the network "Northlight Guest" and enter your room number and last name. Wi-Fi is free in all rooms.

## Pets

Dogs are welcome for $15 a night. Please do not leave pets alone in the room. Cats and other animals are not allowed.

## Parking

The underground garage costs $22 per day. Two electric charging stations are on level -1. The height limit is 1.9 m.

## Pool and sauna

The pool is open from 6:30 to 22:00. The sauna opens at 16:00. Children under 12 must be with an adult. Towels are provided at the pool.

## Cancelling your booking

Flexible bookings can be cancelled free of charge until 6 p.m. on the day before arrival. Saver rates are non-refundable. If you do not show up, we charge the first night.

## Airport shuttle

Our shuttle to Kestrel Airport leaves every hour from 5:00 to 21:00 and takes about 25 minutes. Reserve a seat at reception the evening before. A ride costs $12.

## Lost property

We keep found items for 90 days. Write to lost@northlight.example with a description and your dates of stay. Postage is paid by the guest.`,
    covered: [
      { question: 'When is check-in?', answer: 'Check-in is from 3 p.m.' },
      { question: 'Can I check out late?', answer: 'Late check-out until 2 p.m.' },
      { question: 'What time is breakfast?', answer: '7:00 to 10:30' },
      { question: 'How much does breakfast cost?', answer: '$18 per person' },
      { question: 'How do I connect to the wifi?', answer: 'enter your room number and last name' },
      { question: 'Can I bring my dog?', answer: 'Dogs are welcome' },
      { question: 'Do you allow cats?', answer: 'Cats and other animals are not allowed' },
      { question: 'How much is parking per day?', answer: '$22 per day' },
      { question: 'Can I charge my electric car?', answer: 'electric charging stations' },
      { question: 'When does the sauna open?', answer: 'The sauna opens at 16:00' },
      { question: 'Can I cancel a saver rate?', answer: 'Saver rates are non-refundable' },
      { question: 'How do I get to the airport?', answer: 'Our shuttle to Kestrel Airport' },
      { question: 'I left my jacket in the room, what can I do?', answer: 'Write to lost@northlight.example' },
      { question: 'How long do you keep lost items?', answer: '90 days' },
      { question: 'Where can I store my luggage?', answer: 'leave your luggage at reception' },
      { question: 'until when can I cancel for free?', answer: 'until 6 p.m. on the day before arrival' },
    ],
    notCovered: [
      'Is there a gym?',
      'Do you have a conference room?',
      'Can I smoke on the balcony?',
      'What restaurants are nearby?',
      'Do you have rooms with a bathtub?',
      'How much is a double room?',
      'Is there an iron in the room?',
      'Do you offer massages?',
      'When was the hotel built?',
      'Who is the manager?',
      'Do you have a loyalty programme?',
      'Can I order room service at night?',
      'How tall is Mount Everest?',
      'What will the weather be tomorrow?',
    ],
  },
  {
    name: 'tessel-plans.md',
    text: `# Tessel plans and billing

## Plans

| Plan | Price per month | Seats | Support |
| --- | --- | --- | --- |
| Starter | $0 | 2 | Community forum |
| Team | $29 | 10 | E-mail within one business day |
| Business | $99 | 50 | Phone and chat, 24/7 |

Annual billing saves 20 percent. Extra seats on the Team plan cost $4 each per month.

## Free trial

The Business plan can be tried for 14 days without a credit card. When the trial ends, the workspace moves to Starter and nothing is deleted.

## Changing plans

Upgrades take effect at once and are charged pro rata. Downgrades take effect at the end of the billing period. Only workspace owners can change the plan, under Settings > Billing.

## Payment methods

We accept credit cards and SEPA direct debit. Bank transfer is available for annual Business plans. Invoices are e-mailed on the first of the month and can be downloaded as PDF from Settings > Billing > Invoices.

## Failed payments

If a payment fails, we try again after 3, 5 and 7 days. After the third failed attempt the workspace becomes read-only until the balance is paid.

## Data limits

Starter workspaces can store 1,000 contacts and 2 GB of files. Team includes 25,000 contacts and 50 GB. Business is unlimited. The largest file you can upload is 250 MB.

## Data export and deletion

Owners can export all contacts as CSV at any time. When you delete a workspace, the data is kept for 30 days and then erased for good. Backups are purged after 60 days.

## Security

Data is encrypted with AES-256 at rest and TLS 1.3 in transit. Two-factor authentication can be required for all members on the Business plan. Our servers are in Frankfurt and Dublin.`,
    covered: [
      { question: 'How much is the Team plan?', answer: 'Team | $29' },
      { question: 'How many seats does Business have?', answer: 'Business | $99 | 50' },
      { question: 'What support do I get on Starter?', answer: 'Community forum' },
      { question: 'Is there a discount for paying yearly?', answer: 'Annual billing saves 20 percent' },
      { question: 'How long is the free trial?', answer: '14 days without a credit card' },
      { question: 'What happens when the trial ends?', answer: 'the workspace moves to Starter' },
      { question: 'Who can change the plan?', answer: 'Only workspace owners can change the plan' },
      { question: 'Can I pay by bank transfer?', answer: 'Bank transfer is available for annual Business plans' },
      { question: 'Where do I find my invoices?', answer: 'Settings > Billing > Invoices' },
      { question: 'What happens if my payment fails?', answer: 'we try again after 3, 5 and 7 days' },
      { question: 'How big can an uploaded file be?', answer: '250 MB' },
      { question: 'How many contacts can I store on Starter?', answer: '1,000 contacts' },
      { question: 'Can I export my contacts?', answer: 'export all contacts as CSV' },
      { question: 'Where are your servers?', answer: 'Frankfurt and Dublin' },
      { question: 'Is my data encrypted?', answer: 'encrypted with AES-256' },
      { question: 'when does a downgrade take effect', answer: 'at the end of the billing period' },
      { question: 'How long do you keep data after I delete a workspace?', answer: 'kept for 30 days' },
    ],
    notCovered: [
      'Do you integrate with Salesforce?',
      'Is there an iPhone app?',
      'How do I import contacts from HubSpot?',
      'Do nonprofits get a discount?',
      'Can I pay in bitcoin?',
      'What is your uptime guarantee?',
      'How do I change my e-mail address?',
      'Do you support single sign-on with Okta?',
      'Can I white-label the product?',
      'How do I create a pipeline?',
      'Who founded Tessel?',
      'Are you hiring engineers?',
      'What is 12 times 14?',
      'Which team won the champions league?',
    ],
  },
]
