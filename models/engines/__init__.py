"""What runs a network: interchangeable behind `protocol.Engine`, agreeing within a stated tolerance."""
