package github_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile/github"
	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// One comment is kept up to date, and a run that comes late does not take it back.
func ExampleClient_Upsert() {
	server := githubtest.New("acme/access")
	server.AddPullRequest(githubtest.PullRequest{Number: 7, State: "open"})
	url, stop := server.Start()
	defer stop()

	client, err := github.New(github.Options{Token: githubtest.Token, APIURL: url, GraphQLURL: url + "/graphql"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, run := range []int64{41, 43, 42} {
		posted, err := client.Upsert(context.Background(), "acme/access", 7, github.Comment{
			Target: "production", Config: "rolewright.yaml", State: "planned",
			Order:  github.Order{Seq: time.Date(2026, 1, 2, 3, 4, int(run), 0, time.UTC), Run: run, Attempt: 1},
			Create: true,
			Render: func(int) string { return fmt.Sprintf("### the plan of run %d", run) },
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("run %d: %s\n", run, posted.Did)
	}
	for _, c := range server.Comments(7) {
		fmt.Println(strings.Split(c.Body, "\n")[1])
	}
	// Output:
	// run 41: created
	// run 43: updated
	// run 42: newer run there
	// ### the plan of run 43
}
