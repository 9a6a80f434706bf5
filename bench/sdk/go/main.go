// What subject.mjs does, by RudderStack's SDK for Go with its default options: main TASK URL COUNT SECONDS. Prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rudderlabs/analytics-go/v4"
)

// Events that are given to the client and not yet answered.
const window = 10_000
const callsPerTurn = 20

// Counts what became of the events.
type outcome struct{ settled atomic.Int64 }

func (o *outcome) Success(analytics.Message)        { o.settled.Add(1) }
func (o *outcome) Failure(analytics.Message, error) { o.settled.Add(1) }

func main() {
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	check(err)
	o := &outcome{}
	client, err := analytics.NewWithConfig("key", analytics.Config{
		DataPlaneUrl: os.Args[2],
		Callback:     o,
		Logger:       analytics.StdLogger(log.New(io.Discard, "", 0)),
	})
	check(err)
	limit := time.Duration(seconds * float64(time.Second))
	var result map[string]any
	switch os.Args[1] {
	case "send":
		result = send(client, o, count, limit)
	case "call":
		result = call(client, count, limit)
	case "hold":
		result = hold(client, o, count)
	default:
		check(fmt.Errorf("%q is no task", os.Args[1]))
	}
	check(json.NewEncoder(os.Stdout).Encode(result))
}

func send(client analytics.Client, o *outcome, count int, limit time.Duration) map[string]any {
	before, began := usage(), time.Now()
	n := 0
	for n < count && time.Since(began) < limit {
		for int64(n)-o.settled.Load() >= window {
			time.Sleep(time.Millisecond)
		}
		check(client.Enqueue(eventOf(n)))
		n++
	}
	check(client.Close())
	after := usage()
	return map[string]any{
		"began":   began.UnixMilli(),
		"offered": n,
		"cpu":     cpuOf(after) - cpuOf(before),
		"peak":    after.Maxrss * 1024,
	}
}

// The first sixth warms up and is not counted.
func call(client analytics.Client, count int, limit time.Duration) map[string]any {
	began := time.Now()
	times := []float64{}
	for n := 0; n < count*6/5 && time.Since(began) < limit; n++ {
		event := eventOf(n)
		start := time.Now()
		check(client.Enqueue(event))
		if n >= count/5 {
			times = append(times, float64(time.Since(start).Nanoseconds())/1000)
		}
		if n%callsPerTurn == 0 {
			runtime.Gosched()
		}
	}
	sort.Float64s(times)
	sum := 0.0
	for _, each := range times {
		sum += each
	}
	return map[string]any{
		"calls": len(times),
		"mean":  sum / float64(len(times)),
		"p99":   times[len(times)*99/100],
	}
}

func hold(client analytics.Client, o *outcome, count int) map[string]any {
	before := heap()
	for n := 0; n < count; n++ {
		check(client.Enqueue(eventOf(n)))
	}
	growth := heap() - before
	pending := int64(count) - o.settled.Load()
	text, err := json.Marshal(eventOf(count))
	check(err)
	return map[string]any{"growth": growth, "pending": pending, "held": pending * int64(len(text))}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func usage() syscall.Rusage {
	var r syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return r
}

// Microseconds of all threads.
func cpuOf(r syscall.Rusage) int64 {
	return (r.Utime.Sec+r.Stime.Sec)*1_000_000 + int64(r.Utime.Usec+r.Stime.Usec)
}

// The event of event.mjs.
func eventOf(n int) analytics.Track {
	type object = map[string]any
	return analytics.Track{
		UserId: "user-" + strconv.Itoa(n%1_000),
		Event:  "Order Completed",
		Properties: analytics.Properties{
			"n":           n,
			"orderId":     "o-" + strconv.Itoa(n),
			"currency":    "EUR",
			"revenue":     25.5,
			"total":       30.1,
			"shipping":    4.6,
			"coupon":      "WINTER",
			"affiliation": "The shop around the corner",
			"products": []object{
				{"id": "p-1", "sku": "SKU-1", "name": "Pizza Margherita", "category": "Food/Hot", "price": 8.5, "quantity": 3},
				{"id": "p-2", "sku": "SKU-2", "name": "Mineral water", "category": "Drinks/Cold", "price": 4.6, "quantity": 1},
				{"id": "p-3", "sku": "SKU-3", "name": "Tiramisu", "category": "Food/Sweet", "price": 5.2, "quantity": 2},
			},
		},
		Context: &analytics.Context{
			IP:        net.IPv4(203, 0, 113, 9),
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64)",
			Locale:    "de-AT",
		},
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
