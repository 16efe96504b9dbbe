# SPDX-License-Identifier: Apache-2.0
"""Verification of Ed25519 signatures, from the description in RFC 8032."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def recover_x(y, odd):
    """The x that belongs to y on the curve -x^2 + y^2 = 1 + D x^2 y^2."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if odd else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return P - x if x % 2 != odd else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)

# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z.
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(n, p):
    result = NEUTRAL
    while n:
        if n & 1:
            result = add(result, p)
        p = add(p, p)
        n >>= 1
    return result


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (
        p[1] * q[2] - q[1] * p[2]) % P == 0


def decode(data):
    y = int.from_bytes(data, "little")
    odd = y >> 255
    y &= 2**255 - 1
    if y >= P:
        return None
    x = recover_x(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


def verify(public, message, signature):
    """True when `signature` is the owner of `public`'s under `message`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decode(public), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    # A point of small order would fit many messages.
    if equal(multiply(8, a), NEUTRAL) or equal(multiply(8, r), NEUTRAL):
        return False
    k = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(k, "little") % L
    return equal(multiply(s, BASE), add(r, multiply(k, a)))
