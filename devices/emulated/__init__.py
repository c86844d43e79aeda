"""Devices that are programs of this machine: to try a road without a phone, and to test it."""
