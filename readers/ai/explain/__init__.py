"""What an AI read rests on, for a person who wants to judge it: pictures and one JSON document per exam."""
