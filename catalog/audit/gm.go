package audit

import (
	"crypto/ecdsa"
	"crypto/rand"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/lianji/lianji/internal/errs"
)

// SM2 signs with the user id of GB/T 35276, SM3 hashes: the profile where China's
// national algorithms are asked for.
const SM2 Algorithm = "sm2"

var sm3Hashing = hashing{id: "sm3", new: sm3.New}

// sm2UserID goes into what is signed; empty stands for the standard's default.
var sm2UserID []byte

var sm2Scheme = scheme{
	hashing: sm3Hashing,
	generate: func() ([]byte, error) {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return smx509.MarshalPKCS8PrivateKey(key)
	},
	public: func(private []byte) ([]byte, error) {
		key, err := sm2Key(private)
		if err != nil {
			return nil, err
		}
		return smx509.MarshalPKIXPublicKey(&key.PublicKey)
	},
	sign: func(private, message []byte) ([]byte, error) {
		key, err := sm2Key(private)
		if err != nil {
			return nil, err
		}
		return key.Sign(rand.Reader, message, sm2.NewSM2SignerOption(true, sm2UserID))
	},
	verify: func(public, message, signature []byte) bool {
		key, ok := sm2Public(public)
		return ok && sm2.VerifyASN1WithSM2(key, sm2UserID, message, signature)
	},
	recognise: func(public []byte) bool {
		_, ok := sm2Public(public)
		return ok
	},
}

func sm2Key(private []byte) (*sm2.PrivateKey, error) {
	key, err := smx509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	own, ok := key.(*sm2.PrivateKey)
	if !ok {
		return nil, errs.Internalf("audit: a private key of type %T", key)
	}
	return own, nil
}

func sm2Public(public []byte) (*ecdsa.PublicKey, bool) {
	key, err := smx509.ParsePKIXPublicKey(public)
	if err != nil {
		return nil, false
	}
	own, ok := key.(*ecdsa.PublicKey)
	return own, ok && own.Curve == sm2.P256()
}
