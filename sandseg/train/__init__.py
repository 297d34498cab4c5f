"""A network learns; Keras lives here and in three files of the model's folder."""
