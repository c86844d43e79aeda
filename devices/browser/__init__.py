"""How is any phone or computer measured through its browser? A page, and the server it speaks to.

page/        the page, in TypeScript; `make web` builds it into site/
site         the built files
certificate  a private authority, so that a phone trusts the server once
serving      a server in a thread, and its addresses
server       its routes, for strangers' browsers
messages     what a page may send
pages        the pages that are open, and what each is asked
identity     what a browser tells of itself, as a device
inputs       what a file is fed, and what comes out of it here
checks       whether the page computes the same, and what ran there
conditions   how the phone is
tab          the page that one device holds, and what it may fetch
session      an open file in the page
device       all of it behind the seam of devices/base.py: begin there
cable        the page opened on a phone that hangs on a cable
"""
