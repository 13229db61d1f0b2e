package emulator_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// An account in memory, and a client of it without a socket.
func Example() {
	e, err := emulator.New(emulator.Options{Seed: []emulator.Role{{Key: "ops", Name: "Operators"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: emulator.Transport(e)}
	request, _ := http.NewRequest(http.MethodPatch, "http://emulator/api/v2/roles/ops",
		strings.NewReader(`{"comment":"shorter","patch":[{"op":"replace","path":"/name","value":"Ops"}]}`))
	request.Header.Set("Authorization", "any-word")
	reply, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reply.Body.Close()
	fmt.Println(reply.Status, e.Roles()[0].Name, e.Writes())
	// Output: 200 OK Ops 1
}

// The second request takes effect, but its answer is lost.
func ExampleParseFault() {
	fault, err := emulator.ParseFault("2:cut-after")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := emulator.New(emulator.Options{Faults: []emulator.Fault{fault}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"a", "b"} {
		request, _ := http.NewRequest(http.MethodPost, "http://emulator/api/v2/roles",
			strings.NewReader(fmt.Sprintf(`{"key":%q,"name":%q,"policy":[]}`, key, key)))
		request.Header.Set("Authorization", "any-word")
		reply, err := emulator.Transport(e).RoundTrip(request)
		if err != nil {
			fmt.Println("no answer;", len(e.Roles()), "roles")
			continue
		}
		_ = reply.Body.Close()
		fmt.Println(reply.Status)
	}
	// Output:
	// 201 Created
	// no answer; 2 roles
}

// Members and teams are put into the account without the API. Roles are named by key, members by
// e-mail address.
func ExampleEmulator_AddTeam() {
	e, err := emulator.New(emulator.Options{Seed: []emulator.Role{{Key: "ops", Name: "Operators"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.AddMember(emulator.Member{Email: "ana@example.com", CustomRoles: []string{"ops"}}))
	fmt.Println(e.AddTeam(emulator.Team{Key: "checkout", CustomRoles: []string{"ops"}, Members: []string{"ana@example.com"}}))
	request, _ := http.NewRequest(http.MethodDelete, "http://emulator/api/v2/roles/ops", nil)
	request.Header.Set("Authorization", "any-word")
	reply, err := emulator.Transport(e).RoundTrip(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reply.Body.Close()
	fmt.Println(reply.Status) // they hold it
	// Output:
	// <nil>
	// <nil>
	// 409 Conflict
}

// What LaunchDarkly does not document is chosen by name.
func ExampleParseBehaviour() {
	b, err := emulator.ParseBehaviour([]string{"testOp=ignored", "readLag=2s"})
	fmt.Println(b.TestOp, b.ReadLag, err)
	_, err = emulator.ParseBehaviour([]string{"testOp=sometimes"})
	fmt.Println(err)
	// Output:
	// ignored 2s <nil>
	// behaviour "testOp=sometimes": value "sometimes" is not one of honoured, refused409, refused422, ignored
}

func ExampleServe() {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	err = emulator.Serve(ctx, "127.0.0.1:0", e, func(addr string) {
		go func() {
			defer stop()
			reply, err := http.Get("http://" + addr + "/api/v2/roles")
			if err != nil {
				fmt.Println(err)
				return
			}
			defer reply.Body.Close()
			body, _ := io.ReadAll(reply.Body)
			fmt.Println(reply.Status, strings.Contains(string(body), "Invalid access token"))
		}()
	})
	fmt.Println(err)
	// Output:
	// 401 Unauthorized true
	// <nil>
}
