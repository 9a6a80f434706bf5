// Sends what it is told to by RudderStack's SDK for Go: calls DATA_PLANE_URL WRITE_KEY COUNT. Each line of its input is a call as JSON. After
// every COUNT of them, and at the end, it waits until the data plane has said that it has them, and prints how many they are.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/rudderlabs/analytics-go/v4"
)

type call struct {
	Type       string               `json:"type"`
	UserId     string               `json:"userId"`
	Event      string               `json:"event"`
	Timestamp  time.Time            `json:"timestamp"`
	Traits     analytics.Traits     `json:"traits"`
	Properties analytics.Properties `json:"properties"`
}

// One for each message.
type answers chan error

func (a answers) Success(analytics.Message)              { a <- nil }
func (a answers) Failure(_ analytics.Message, err error) { a <- err }

func main() {
	count, err := strconv.Atoi(os.Args[3])
	if err == nil {
		err = run(os.Args[1], os.Args[2], count)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dataPlaneUrl, writeKey string, count int) error {
	answers := make(answers, count)
	// Batches are sent at the same time and arrive in any order. So there is one at a time, and it is full before the clock can send it.
	client, err := analytics.NewWithConfig(writeKey, analytics.Config{
		DataPlaneUrl: dataPlaneUrl, Callback: answers, BatchSize: count, Interval: time.Hour,
	})
	if err != nil {
		return err
	}
	waiting := 0
	answered := func() error {
		for i := 0; i < waiting; i++ {
			if err := <-answers; err != nil {
				return err
			}
		}
		fmt.Println(waiting)
		waiting = 0
		return nil
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var next call
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			return err
		}
		if err := client.Enqueue(message(next)); err != nil {
			return err
		}
		if waiting++; waiting == count {
			if err := answered(); err != nil {
				return err
			}
		}
	}
	if err := client.Close(); err != nil {
		return err
	}
	return answered()
}

// The SDK has no field for timestamp: its originalTimestamp is the one that a program can set.
func message(c call) analytics.Message {
	if c.Type == "identify" {
		return analytics.Identify{UserId: c.UserId, OriginalTimestamp: c.Timestamp, Traits: c.Traits}
	}
	return analytics.Track{UserId: c.UserId, Event: c.Event, OriginalTimestamp: c.Timestamp, Properties: c.Properties}
}
