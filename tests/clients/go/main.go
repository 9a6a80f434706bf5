// Sends the story by RudderStack's SDK for Go, and then an identify and a track made by its fluent helpers, with every setter:
// main DATA_PLANE_URL WRITE_KEY STORY_FILE
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/rudderlabs/analytics-go/v4"
)

type outcome struct{ failed []error }

func (o *outcome) Success(analytics.Message)            {}
func (o *outcome) Failure(_ analytics.Message, e error) { o.failed = append(o.failed, e) }

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dataPlaneUrl, writeKey, storyFile string) error {
	text, err := os.ReadFile(storyFile)
	if err != nil {
		return err
	}
	var story map[string]map[string]any
	if err := json.Unmarshal(text, &story); err != nil {
		return err
	}
	outcome := &outcome{}
	client, err := analytics.NewWithConfig(writeKey, analytics.Config{DataPlaneUrl: dataPlaneUrl, Callback: outcome})
	if err != nil {
		return err
	}
	messages := append(storyMessages(story), fluentMessages()...)
	for _, message := range messages {
		if err := client.Enqueue(message); err != nil {
			return err
		}
	}
	if err := client.Close(); err != nil {
		return err
	}
	if len(outcome.failed) > 0 {
		return fmt.Errorf("not delivered: %v", outcome.failed)
	}
	return nil
}

func storyMessages(story map[string]map[string]any) []analytics.Message {
	messages := []analytics.Message{
		&analytics.Identify{}, &analytics.Track{}, &analytics.Page{}, &analytics.Screen{}, &analytics.Group{}, &analytics.Alias{},
	}
	for i, name := range []string{"identify", "track", "page", "screen", "group", "alias"} {
		fields := story[name]
		for key, value := range story["common"] {
			fields[key] = value
		}
		// The SDK has no field for timestamp: its originalTimestamp is the one that a program can set.
		fields["originalTimestamp"] = fields["timestamp"]
		text, err := json.Marshal(fields)
		if err == nil {
			err = json.Unmarshal(text, messages[i])
		}
		if err != nil {
			panic(err)
		}
		context := contextOf(messages[i])
		context.Extra = map[string]any{"experiment": fields["context"].(map[string]any)["experiment"]}
	}
	return messages
}

func contextOf(message analytics.Message) *analytics.Context {
	switch m := message.(type) {
	case *analytics.Identify:
		return m.Context
	case *analytics.Track:
		return m.Context
	case *analytics.Page:
		return m.Context
	case *analytics.Screen:
		return m.Context
	case *analytics.Group:
		return m.Context
	case *analytics.Alias:
		return m.Context
	}
	panic("no such message")
}

func fluentMessages() []analytics.Message {
	born := time.Date(1984, time.May, 17, 0, 0, 0, 0, time.UTC)
	return []analytics.Message{
		analytics.Identify{
			UserId:    "fluent",
			MessageId: "fluent-identify",
			Traits: analytics.NewTraits().SetAddress("1 Höhe").SetAge(42).SetAvatar("https://shop.example/a.png").
				SetBirthday(born).SetCreatedAt(born.AddDate(30, 0, 0)).SetDescription("a customer").SetEmail("zoe@example.com").
				SetFirstName("Zoë").SetGender("female").SetLastName("Ångström").SetName("Zoë Ångström").SetPhone("+41 1 234").
				SetTitle("Dr").SetUsername("zoe").SetWebsite("https://zoe.example").Set("plan", "free"),
			Context: &analytics.Context{Traits: analytics.NewTraits().SetName("from the context")},
		},
		analytics.Track{
			UserId:    "fluent",
			MessageId: "fluent-track",
			Event:     "Order Completed",
			Properties: analytics.NewProperties().SetRevenue(29.33).SetCurrency("USD").SetValue(30.5).SetPath("/cart").
				SetReferrer("https://search.example/").SetTitle("Cart").SetURL("https://shop.example/cart").SetName("order").
				SetCategory("music").SetSKU("cd-1").SetPrice(14.96).SetProductId("p-1").SetOrderId("o-1").SetTotal(31.25).
				SetSubtotal(29.33).SetShipping(0).SetTax(1.92).SetDiscount(0.5).SetCoupon("SPRING").
				SetProducts(analytics.Product{ID: "p-1", SKU: "cd-1", Name: "Kind of Blue", Price: 14.96}).SetRepeat(true).
				Set("gift", false),
			Integrations: analytics.NewIntegrations().EnableAll().Enable("Amplitude").Disable("Salesforce").
				Set("Mixpanel", map[string]any{"region": "eu"}),
		},
	}
}
