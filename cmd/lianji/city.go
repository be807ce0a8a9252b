package main

import (
	"context"

	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/democity"
)

// city is the sample city, in the command line's words.
func city() cli.City {
	return cli.City{
		Prepare: prepare, Foreign: democity.ErrForeign, Statements: statements(),
		Asker: democity.Asker, Purpose: democity.Purpose, TokensFile: democity.TokensFile,
	}
}

func prepare(ctx context.Context, dir string, progress func(string)) (cli.CityMade, error) {
	made, err := democity.Prepare(ctx, dir, progress)
	out := cli.CityMade{Reused: made.Reused}
	for _, t := range made.Tokens {
		out.Tokens = append(out.Tokens, cli.CityToken(t))
	}
	return out, err
}

func statements() []cli.Statement {
	var out []cli.Statement
	for _, s := range democity.Statements() {
		out = append(out, cli.Statement(s))
	}
	return out
}
