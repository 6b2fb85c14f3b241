"""A real mail server for a test: STARTTLS required, login required, each mail told as a line of JSON.

Usage: smtp_server.py CERTIFICATE KEY USER SECRET. The first line of its output is its port. It ends
with its input.
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

certificate, key, user, secret = sys.argv[1:]


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        say(
            {
                "sender": envelope.mail_from,
                "recipients": envelope.rcpt_tos,
                "raw": base64.b64encode(envelope.original_content).decode(),
                "tls": session.ssl is not None,
                "login": session.authenticated,
            }
        )
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    wanted = LoginPassword(user.encode(), secret.encode())
    return AuthResult(success=data == wanted, handled=False)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


def session():
    return SMTP(
        Handler(),
        hostname="localhost",
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        auth_require_tls=True,
        authenticator=authenticate,
    )


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(serve())
